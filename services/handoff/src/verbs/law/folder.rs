use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Every file of a law folder by its name relative to it, with `/` between folders.
///
/// # Errors
/// HO-9020 where the folder or a file of it cannot be read as text.
pub fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    into(folder, "", &mut files)?;
    Ok(files)
}

fn into(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    let cannot = || format!("HO-9020 {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("HO-9020 {} holds a name that is no text", folder.display());
        };
        let name = format!("{below}{name}");
        if path.is_dir() {
            into(&path, &format!("{name}/"), files)?;
        } else {
            let text = std::fs::read_to_string(&path);
            files.insert(name, text.with_context(|| format!("HO-9020 {} cannot be read", path.display()))?);
        }
    }
    Ok(())
}
