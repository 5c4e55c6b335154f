//! What came of the cases, for people and for CI. Nothing in it differs between two runs.

use std::fmt::Write as _;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The case.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All as it should be.
    Passed,
    /// It was not run, and why.
    Skipped(String),
    /// Goldens were written.
    Blessed(Vec<String>),
    /// Why, and the command that shows it.
    Failed {
        /// Each in a sentence.
        reasons: Vec<String>,
        /// To be typed.
        command: String,
    },
}

impl CaseResult {
    /// For a person.
    pub fn to_text(&self) -> String {
        match &self.verdict {
            Verdict::Passed => format!("ok    {}\n", self.name),
            Verdict::Skipped(why) => format!("skip  {}: {why}\n", self.name),
            Verdict::Blessed(files) => format!("new   {}: wrote {}\n", self.name, files.join(", ")),
            Verdict::Failed { reasons, command } => {
                let reasons: String = reasons.iter().map(|reason| format!("      {reason}\n")).collect();
                format!("FAIL  {}\n{reasons}      reproduce: {command}\n", self.name)
            }
        }
    }

    fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. })
    }

    fn skipped(&self) -> bool {
        matches!(self.verdict, Verdict::Skipped(_))
    }
}

/// A JUnit report.
pub fn junit(results: &[CaseResult]) -> String {
    let count = |of: fn(&CaseResult) -> bool| results.iter().filter(|result| of(result)).count();
    let (tests, failures, skipped) = (results.len(), count(CaseResult::failed), count(CaseResult::skipped));
    let counts = format!(r#"tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}""#);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"remb-replay check\" \
         {counts}>\n    <properties>\n      <property name=\"version\" value=\"{}\"/>\n    </properties>\n",
        env!("CARGO_PKG_VERSION")
    );
    for CaseResult { name, verdict } in results {
        let name = escaped(name);
        // Writing to a String cannot fail.
        let _ = match verdict {
            Verdict::Passed | Verdict::Blessed(_) => {
                writeln!(xml, "    <testcase classname=\"check\" name=\"{name}\"/>")
            }
            Verdict::Skipped(why) => writeln!(
                xml,
                "    <testcase classname=\"check\" name=\"{name}\"><skipped message=\"{}\"/></testcase>",
                escaped(why)
            ),
            Verdict::Failed { reasons, command } => writeln!(
                xml,
                "    <testcase classname=\"check\" name=\"{name}\"><failure message=\"{}\">{}</failure></testcase>",
                escaped(reasons.first().map_or("", String::as_str)),
                escaped(&format!("{}\nreproduce: {command}", reasons.join("\n")))
            ),
        };
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

/// A Markdown report.
pub fn markdown(results: &[CaseResult]) -> String {
    let failed = results.iter().filter(|result| result.failed()).count();
    let mut text = format!(
        "# remb-replay check\n\n{} cases, {failed} failed; version {}.\n\n| case | result | why |\n\
         |---|---|---|\n",
        results.len(),
        env!("CARGO_PKG_VERSION")
    );
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for CaseResult { name, verdict } in results {
        let (result, why) = match verdict {
            Verdict::Passed => ("ok", String::new()),
            Verdict::Skipped(why) => ("skipped", cell(why)),
            Verdict::Blessed(files) => ("new", cell(&format!("wrote {}", files.join(", ")))),
            Verdict::Failed { reasons, command } => {
                ("**failed**", format!("{}<br>`{}`", cell(&reasons.join("; ")), cell(command)))
            }
        };
        text.push_str(&format!("| {} | {result} | {why} |\n", cell(name)));
    }
    text
}

/// For XML: without the characters that no XML may have.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<CaseResult> {
        let failed = Verdict::Failed {
            reasons: vec!["x is <1> & \"2\"".to_owned(), "more | so\u{1}".to_owned()],
            command: "remb-replay replay 'a b'".to_owned(),
        };
        let verdicts = [Verdict::Passed, Verdict::Skipped("later".to_owned()), failed];
        let name = |n: usize| format!("case-{n}");
        verdicts.into_iter().enumerate().map(|(n, verdict)| CaseResult { name: name(n), verdict }).collect()
    }

    #[test]
    fn junit_is_read_back_by_an_xml_parser() {
        let xml = junit(&results());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        let counts = ["tests", "failures", "skipped"].map(|name| suite.attribute(name).unwrap());
        assert_eq!(counts, ["3", "1", "1"]);
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.attribute("message"), Some("x is <1> & \"2\""));
        assert!(failure.text().unwrap().ends_with("\nreproduce: remb-replay replay 'a b'"));
    }

    #[test]
    fn markdown_has_a_row_for_each_case() {
        let text = markdown(&results());
        assert!(text.contains("3 cases, 1 failed"));
        assert!(text.contains("| case-0 | ok |  |\n| case-1 | skipped | later |\n| case-2 | **failed** | "));
        assert!(text.contains("more \\| so"));
    }
}
