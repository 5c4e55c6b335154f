//! What is to happen in a call. Times are microseconds, rates bit/s.

pub(crate) const SECOND: i64 = 1_000_000;

/// The happening that a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    LinkFalls,
    LinkRecovers,
    Competing,
    RandomLoss,
    TailDrop,
    Pause,
    Outage,
    KeyFrames,
    KeyFramesAtOnce,
    PathStep,
    Plateau,
    Padding,
    TransportCc,
    AudioAlone,
    ClockStep,
    Drift,
    OneFrameASecond,
    Switch,
    Nothing,
}

impl Kind {
    pub(crate) const ALL: [Self; 19] = [
        Self::LinkFalls,
        Self::LinkRecovers,
        Self::Competing,
        Self::RandomLoss,
        Self::TailDrop,
        Self::Pause,
        Self::Outage,
        Self::KeyFrames,
        Self::KeyFramesAtOnce,
        Self::PathStep,
        Self::Plateau,
        Self::Padding,
        Self::TransportCc,
        Self::AudioAlone,
        Self::ClockStep,
        Self::Drift,
        Self::OneFrameASecond,
        Self::Switch,
        Self::Nothing,
    ];
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) duration: i64,
    /// From when on, and how much; in order.
    pub(crate) capacity: Vec<(i64, i64)>,
    /// From, to, how much.
    pub(crate) cross: Option<(i64, i64, i64)>,
    /// A packet that would wait longer is dropped.
    pub(crate) max_queue: i64,
    pub(crate) loss_per_mille: i64,
    pub(crate) outage: Option<(i64, i64)>,
    pub(crate) pause: Option<(i64, i64)>,
    /// From when on the path takes so much longer.
    pub(crate) path_step: Option<(i64, i64)>,
    /// From when on the sender's clock is so much behind.
    pub(crate) clock_step: Option<(i64, i64)>,
    pub(crate) drift_ppm: i64,
    pub(crate) frame_interval: i64,
    /// Every so many frames one is so many times as large, in percent.
    pub(crate) key_frames: Option<(i64, i64)>,
    pub(crate) is_paced: bool,
    pub(crate) max_bps: i64,
    /// It sends at its maximum whatever the REMBs say.
    pub(crate) is_deaf: bool,
    /// From, to: padding alone, as retransmissions, at so much.
    pub(crate) padding: Option<(i64, i64, i64)>,
    pub(crate) has_transport_cc: bool,
    pub(crate) has_audio: bool,
    pub(crate) has_video: bool,
    /// A second video stream takes over.
    pub(crate) switch: Option<i64>,
    pub(crate) jitter: i64,
    pub(crate) seed: u64,
}

impl Plan {
    pub(crate) fn draw(kind: Kind, seed: u64) -> Self {
        let mut random = Random::new(seed * 64 + kind as u64 + 1);
        let link = random.range(500, 3000) * 1000;
        let at = random.range(14, 24) * SECOND + random.range(0, 999_999);
        let mut plan = Self {
            kind,
            duration: 45 * SECOND,
            capacity: vec![(0, link)],
            cross: None,
            max_queue: random.range(300, 900) * 1000,
            loss_per_mille: 0,
            outage: None,
            pause: None,
            path_step: None,
            clock_step: None,
            drift_ppm: random.range(-20, 20),
            frame_interval: random.pick(&[33_333, 33_333, 40_000, 50_000, 66_667]),
            key_frames: None,
            is_paced: true,
            max_bps: link * 3,
            is_deaf: false,
            padding: None,
            has_transport_cc: false,
            has_audio: random.percent(50),
            has_video: true,
            switch: None,
            jitter: random.range(0, 3000),
            seed: seed * 64 + kind as u64,
        };
        let share = random.range(25, 60);
        let quiet = link * random.range(35, 60) / 100;
        match kind {
            Kind::LinkFalls => plan.capacity.push((at, link * share / 100)),
            Kind::LinkRecovers => {
                plan.capacity.push((at, link * share / 100));
                plan.capacity.push((at + random.range(5, 12) * SECOND, link));
            }
            Kind::Competing => {
                plan.cross = Some((at, at + random.range(3, 10) * SECOND, link * random.range(35, 70) / 100))
            }
            Kind::RandomLoss => {
                plan.loss_per_mille = random.range(25, 80);
                plan.max_bps = quiet;
            }
            Kind::TailDrop => {
                plan.max_queue = random.range(80, 400) * 1000;
                plan.is_deaf = true;
                plan.max_bps = link * random.range(110, 140) / 100;
            }
            Kind::Pause => {
                plan.max_bps = quiet;
                plan.pause = Some((at, at + random.range(700, 8000) * 1000));
            }
            Kind::Outage => {
                plan.max_bps = quiet;
                plan.outage = Some((at, at + random.range(800, 6000) * 1000));
                plan.has_audio = false;
            }
            Kind::KeyFrames | Kind::KeyFramesAtOnce => {
                plan.capacity = vec![(0, random.range(300, 900) * 1000)];
                plan.max_bps = plan.capacity[0].1 * random.range(70, 90) / 100;
                plan.key_frames = Some((random.range(100, 250), random.range(600, 1200)));
                plan.is_paced = kind == Kind::KeyFrames;
            }
            Kind::PathStep => {
                plan.max_bps = quiet;
                plan.path_step = Some((at, random.range(30, 150) * 1000));
            }
            Kind::Plateau => plan.max_bps = link * random.range(15, 40) / 100,
            Kind::Padding => {
                plan.max_bps = quiet;
                plan.padding = Some((at, at + 15 * SECOND, quiet * random.range(10, 30) / 100));
            }
            Kind::TransportCc => plan.has_transport_cc = true,
            Kind::AudioAlone => (plan.has_audio, plan.has_video) = (true, false),
            Kind::ClockStep => {
                plan.max_bps = quiet;
                plan.clock_step = Some((at, random.range(40, 800) * 1000));
            }
            Kind::Drift => {
                plan.drift_ppm = random.pick(&[-200, 200]);
                plan.max_bps = quiet;
            }
            Kind::OneFrameASecond => {
                plan.frame_interval = SECOND;
                plan.max_bps = quiet / 2;
            }
            Kind::Switch => {
                plan.switch = Some(at);
                plan.max_bps = quiet;
            }
            Kind::Nothing => plan.max_bps = quiet,
        }
        plan
    }

    /// The link's rate at a time.
    pub(crate) fn capacity_at(&self, at: i64) -> i64 {
        self.capacity.iter().rev().find(|(from, _)| *from <= at).map_or(1, |(_, bps)| *bps)
    }

    pub(crate) fn cross_at(&self, at: i64) -> i64 {
        self.cross.filter(|(from, to, _)| (*from..*to).contains(&at)).map_or(0, |(.., bps)| bps)
    }
}

/// Numbers from a seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn range(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1) as u64) as i64
    }

    pub(crate) fn percent(&mut self, share: i64) -> bool {
        self.range(0, 99) < share
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0, of.len() as i64 - 1) as usize]
    }
}
