//! What a run wrote, for its user.

use std::path::PathBuf;

use super::outputs::Output;

/// Files, and of pictures which flow they are of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    files: Vec<(PathBuf, Option<String>)>,
}

impl Written {
    /// `drawn`: which of the outputs are pictures, and the flow of each.
    pub(super) fn new(outputs: &[Output], drawn: Vec<(usize, Option<String>)>) -> Self {
        let names_flows = drawn.len() > 1;
        let flow_of = |index: usize| {
            let of = drawn.iter().find(|(picture, _)| *picture == index && names_flows);
            of.and_then(|(_, flow)| flow.clone())
        };
        let files = outputs.iter().enumerate();
        let files = files.filter_map(|(index, output)| Some((output.path()?.to_owned(), flow_of(index))));
        Self { files: files.collect() }
    }

    /// A line a folder, then one for each picture of several, with its flow. None where nothing was written.
    pub(super) fn in_words(&self) -> Vec<String> {
        let mut folders: Vec<(PathBuf, Vec<String>)> = Vec::new();
        for (path, _) in &self.files {
            let folder = path.parent().map(PathBuf::from).unwrap_or_default();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match folders.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, names)) => names.push(name),
                None => folders.push((folder, vec![name])),
            }
        }
        let lines = folders.into_iter().map(|(folder, names)| match folder.as_os_str().is_empty() {
            true => format!("wrote: {}", names.join(", ")),
            false => format!("wrote into {}: {}", folder.display(), names.join(", ")),
        });
        let pictures = self.files.iter().filter_map(|(path, flow)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            flow.as_ref().map(|flow| format!("{name}: {flow}"))
        });
        lines.chain(pictures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_by_their_folder_and_pictures_of_several_flows_by_their_flow() {
        let file = |path: &str, flow: Option<&str>| (PathBuf::from(path), flow.map(str::to_owned));
        let files =
            vec![file("out/remb.csv", None), file("a.png", Some("x-y")), file("out/a-2.png", Some("y-x"))];
        assert_eq!(
            Written { files }.in_words(),
            ["wrote into out: remb.csv, a-2.png", "wrote: a.png", "a.png: x-y", "a-2.png: y-x"]
        );
        assert!(Written::default().in_words().is_empty());
    }
}
