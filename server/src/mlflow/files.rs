//! The files of a model version, from the tracking server's artifact proxy into a folder.
//!
//! Called by `mlflow`. The proxy lists a folder at `.../mlflow-artifacts/artifacts?path=P` and
//! gives a file at `.../mlflow-artifacts/artifacts/P` (mlflow's
//! `store/artifact/mlflow_artifacts_repo.py`). Refuses names that are no plain names, more files,
//! folders or bytes than the bounds, a file that is not as long as the listing says, and files that
//! are elsewhere: a token is sent to the one server only.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::client::{Client, words};

/// Where the proxy is, below the server's address.
const ROUTE: &str = "api/2.0/mlflow-artifacts/artifacts";
const FILES_MAX: usize = 1000;
const DEPTH_MAX: usize = 8;
const NAME_BYTES_MAX: usize = 255;

#[derive(Debug, Deserialize)]
struct Listing {
    #[serde(default)]
    files: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    path: String,
    #[serde(default)]
    is_dir: bool,
    #[serde(default)]
    file_size: Option<u64>,
}

/// The path that the proxy knows a version's files by.
///
/// # Errors
/// A sentence that says where the files are instead.
pub(super) fn root(artifact_uri: &str, base: &Url) -> Result<Vec<String>, String> {
    let shown: String = artifact_uri.chars().take(200).collect();
    let elsewhere = || {
        format!(
            "its files are at `{shown}`, not behind {base}: bring them here with a tool of that \
             place, such as `mlflow artifacts download`, and register the folder"
        )
    };
    let url = Url::parse(artifact_uri).map_err(|_| elsewhere())?;
    // Without a host it means the server that was asked.
    let same_host = url.host_str().is_none_or(|host| Some(host) == base.host_str());
    let same_port = url.port().is_none() || url.port() == base.port_or_known_default();
    let path = match url.scheme() {
        "mlflow-artifacts" if same_host && same_port => url.path(),
        "http" | "https" if url.origin() == base.origin() => {
            let whole = format!("{}{ROUTE}", base.path());
            url.path().strip_prefix(&whole).ok_or_else(elsewhere)?
        }
        _ => return Err(elsewhere()),
    };
    let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    let segments: Vec<String> = segments.into_iter().filter(|part| !part.is_empty()).collect();
    if segments.is_empty() || !segments.iter().all(|part| is_plain(part)) {
        return Err(elsewhere());
    }
    Ok(segments)
}

/// Brings all files below `root` into `folder`, `budget` bytes at most.
///
/// # Errors
/// A sentence that names the file, or the bound.
pub(super) async fn download(
    client: &Client,
    root: &[String],
    folder: &Path,
    budget: u64,
) -> Result<(), String> {
    let route = client.base().join(ROUTE);
    let route = route.map_err(|error| format!("no address of {ROUTE}: {error}"))?;
    let (mut left, mut files) = (budget, 0);
    let mut ahead: Vec<(Vec<String>, PathBuf)> = vec![(root.to_vec(), folder.to_owned())];
    while let Some((segments, at)) = ahead.pop() {
        let path = segments.join("/");
        let listing: Listing = client.json_at(route.clone(), &[("path", &path)]).await?;
        if listing.files.is_empty() && files == 0 && ahead.is_empty() {
            return Err(format!("{} has no files at `{path}`", client.base()));
        }
        for Listed { path: name, is_dir, file_size } in listing.files {
            files += 1;
            let name = name.as_str();
            if !is_plain(name) || files > FILES_MAX || segments.len() > root.len() + DEPTH_MAX {
                let name: String = name.chars().take(200).collect();
                return Err(format!(
                    "`{name}` in `{path}` is no plain name, or beyond the {FILES_MAX} files and \
                     {DEPTH_MAX} folders deep that are taken"
                ));
            }
            let segments = [&segments[..], &[name.to_owned()]].concat();
            let target = at.join(name);
            if is_dir {
                fs::create_dir(&target).map_err(|error| format!("{name}: {error}"))?;
                ahead.push((segments, target));
                continue;
            }
            let bytes = file(client, &route, &segments, &target, &mut left).await?;
            if file_size.is_some_and(|size| size != bytes) {
                return Err(format!("`{name}` came with {bytes} bytes, the server lists another"));
            }
        }
    }
    Ok(())
}

/// Brings one file; answers how many bytes it has.
async fn file(
    client: &Client,
    route: &Url,
    segments: &[String],
    target: &Path,
    left: &mut u64,
) -> Result<u64, String> {
    let mut url = route.clone();
    // An address with a host can be extended: this one has.
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(segments);
    }
    let name = segments.last().map(String::as_str).unwrap_or_default();
    let unwritten = |error: std::io::Error| format!("`{name}` cannot be stored: {error}");
    let mut response = client.get(url).await?;
    let mut out = File::create_new(target).map_err(unwritten)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(|e| words(e, client.base()))? {
        let length = chunk.len() as u64;
        let over = || format!("its files have more bytes than a model may: `{name}` is too much");
        *left = left.checked_sub(length).ok_or_else(over)?;
        bytes += length;
        out.write_all(&chunk).map_err(unwritten)?;
    }
    Ok(bytes)
}

/// Whether a name is that of something in a folder, and of no other place.
fn is_plain(name: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
    !matches!(name, "" | "." | "..") && name.len() <= NAME_BYTES_MAX && !name.contains(bad)
}

#[cfg(test)]
mod tests;
