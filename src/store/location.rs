//! Where blobs are to be kept, as one URL says it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use azure_core::http::Url;

/// The account that every emulator has, and whose key everybody knows.
pub const EMULATOR_ACCOUNT: &str = "devstoreaccount1";

const ACCEPTED: &str = "`file:///absolute/folder`, \
    `https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]` (with a SAS as its query where \
    there is no identity), or the emulator's `http://127.0.0.1:10000/devstoreaccount1/CONTAINER`";

/// A place for blobs. Neither `Debug` nor `Display` shows a SAS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A container, or what is under a prefix of one.
    Azure(AzureLocation),
}

/// A container of Azure Blob Storage or of its emulator, and a prefix of its blobs' names.
#[derive(Clone, PartialEq, Eq)]
pub struct AzureLocation {
    url: Url,
    prefix: String,
    access: Access,
}

/// How a container is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// With a token of an identity.
    Identity,
    /// With the SAS in the URL's query.
    Sas,
    /// With the emulator's well-known key.
    Emulator,
}

impl AzureLocation {
    /// The container's URL: with its SAS, without the prefix. Not for logs.
    pub fn container_url(&self) -> &Url {
        &self.url
    }

    /// The host that answers.
    pub fn host(&self) -> Option<&str> {
        self.url.host_str()
    }

    /// What stands before every name: empty, or a path that ends with `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How the container is opened.
    pub fn access(&self) -> Access {
        self.access
    }
}

impl Location {
    /// What is below a place: a folder of it. `part` is a name of letters, digits and `-_`, or several
    /// with `/` between them.
    #[must_use]
    pub fn below(&self, part: &str) -> Self {
        match self {
            Self::Folder(root) => Self::Folder(root.join(part)),
            Self::Azure(place) => Self::Azure(AzureLocation {
                prefix: format!("{}{part}/", place.prefix),
                ..place.clone()
            }),
        }
    }
}

impl fmt::Display for AzureLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.url))?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix.trim_end_matches('/'))?;
        }
        f.write_str(match self.access {
            Access::Sas => "?…",
            Access::Identity | Access::Emulator => "",
        })
    }
}

impl fmt::Debug for AzureLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureLocation")
            .field("url", &shown(&self.url))
            .field("prefix", &self.prefix)
            .field("access", &self.access)
            .finish()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file://{}", path.display()),
            Self::Azure(place) => place.fmt(f),
        }
    }
}

/// A URL that says no place for blobs. It shows neither a SAS nor a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown}: {problem}; accepted are {ACCEPTED}")]
pub struct LocationError {
    shown: String,
    problem: String,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        // what cannot be parsed may be a connection string, or a key at the wrong place
        let url = Url::parse(text).map_err(|error| LocationError {
            shown: if text.contains(['=', '@', '?', ';']) {
                "the value".to_owned()
            } else {
                format!("`{text}`")
            },
            problem: format!("not a URL ({error})"),
        })?;
        parse(text, &url).map_err(|problem| LocationError {
            shown: format!("`{}`", shown(&url)),
            problem,
        })
    }
}

fn parse(text: &str, url: &Url) -> Result<Location, String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or password has no place in it".to_owned());
    }
    if url.fragment().is_some() {
        return Err("a fragment (`#…`) has no place in it".to_owned());
    }
    // the URL standard resolves such parts silently
    let path = text.split('?').next().unwrap_or_default();
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("`.` and `..` have no place in it".to_owned());
    }
    match url.scheme() {
        "file" => folder(url),
        "https" | "http" => container(url).map(Location::Azure),
        other => Err(format!("the scheme `{other}` is none of its schemes")),
    }
}

fn folder(url: &Url) -> Result<Location, String> {
    if url.query().is_some() {
        return Err("a folder has no query".to_owned());
    }
    match url.to_file_path() {
        Ok(path) if url.host_str().is_none() && path.parent().is_some() => {
            Ok(Location::Folder(path))
        }
        Ok(path) if path.parent().is_none() => Err("the root is no folder for it".to_owned()),
        _ => Err("the folder must be absolute, with three slashes before it".to_owned()),
    }
}

fn container(url: &Url) -> Result<AzureLocation, String> {
    let Some(host) = url.host_str() else {
        return Err("the host is missing".to_owned());
    };
    let loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let path = url.path().trim_start_matches('/').trim_end_matches('/');
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    // the account stands in the host's name, save where the host has none of its own
    let is_ip = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let account = if loopback || is_ip || parts.clone().next() == Some(EMULATOR_ACCOUNT) {
        parts.next()
    } else {
        None
    };
    let has_sas = url
        .query_pairs()
        .any(|(key, value)| key == "sig" && !value.is_empty());
    if url.query().is_some() && !has_sas {
        return Err("its query is no SAS (it has no `sig`)".to_owned());
    }
    let access = match url.scheme() {
        _ if has_sas => Access::Sas,
        "https" => Access::Identity,
        _ if !loopback => {
            return Err("without TLS only the emulator on this machine, or a SAS".to_owned());
        }
        _ if account != Some(EMULATOR_ACCOUNT) => {
            return Err(format!(
                "without a SAS the emulator's account must be `{EMULATOR_ACCOUNT}`"
            ));
        }
        _ => Access::Emulator,
    };
    let Some(container) = parts.next() else {
        return Err("the container is missing".to_owned());
    };
    if !is_container_name(container) {
        return Err(format!(
            "`{container}` is no container's name (3 to 63 lower-case letters, digits and single \
             hyphens between them)"
        ));
    }
    let mut prefix = String::new();
    for part in parts {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=+~".contains(&byte);
        if !part.bytes().all(plain) || part.starts_with('.') || part.ends_with('.') {
            return Err(format!(
                "`{part}` is no part of a prefix (letters, digits and `-_.=+~`, and no dot at \
                 either end)"
            ));
        }
        prefix.push_str(part);
        prefix.push('/');
    }
    let mut place = url.clone();
    place.set_path(&match account {
        Some(account) => format!("/{account}/{container}"),
        None => format!("/{container}"),
    });
    Ok(AzureLocation {
        url: place,
        prefix,
        access,
    })
}

/// Azure's rule for the names of containers.
fn is_container_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

/// A URL without its query and user.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // both fail only where the URL can have no user
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.cannot_be_a_base() {
        return format!("{}:…", url.scheme());
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Access, AzureLocation, Location};

    fn azure(text: &str) -> AzureLocation {
        match text.parse() {
            Ok(Location::Azure(place)) => place,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_below_keeps_how_it_is_opened() {
        for (place, below) in [
            ("file:///lake", "file:///lake/_conform/1"),
            (
                "https://a.blob.core.windows.net/lake/p?sig=x",
                "https://a.blob.core.windows.net/lake/p/_conform/1?sig=x",
            ),
        ] {
            let place: Location = place.parse().unwrap();
            assert_eq!(Ok(place.below("_conform/1")), below.parse());
        }
    }

    #[test]
    fn the_contracts_forms_are_understood() {
        assert_eq!(
            "file:///var/lake%20one".parse(),
            Ok(Location::Folder("/var/lake one".into()))
        );
        for (text, url, prefix, access) in [
            (
                "https://orders.blob.core.windows.net/lake",
                "https://orders.blob.core.windows.net/lake",
                "",
                Access::Identity,
            ),
            (
                "https://orders.blob.core.chinacloudapi.cn/lake/a/b=1/",
                "https://orders.blob.core.chinacloudapi.cn/lake",
                "a/b=1/",
                Access::Identity,
            ),
            (
                "https://lake.private.example/lake?sv=2024&sig=s%3D",
                "https://lake.private.example/lake?sv=2024&sig=s%3D",
                "",
                Access::Sas,
            ),
            (
                "http://127.0.0.1:10000/devstoreaccount1/lake/",
                "http://127.0.0.1:10000/devstoreaccount1/lake",
                "",
                Access::Emulator,
            ),
            (
                "http://localhost:1/devstoreaccount1/lake/x",
                "http://localhost:1/devstoreaccount1/lake",
                "x/",
                Access::Emulator,
            ),
            (
                "http://[::1]:1/devstoreaccount1/lake",
                "http://[::1]:1/devstoreaccount1/lake",
                "",
                Access::Emulator,
            ),
            (
                "http://azurite:10000/devstoreaccount1/lake/x?sig=s",
                "http://azurite:10000/devstoreaccount1/lake?sig=s",
                "x/",
                Access::Sas,
            ),
        ] {
            let place = azure(text);
            assert_eq!(place.container_url().as_str(), url);
            assert_eq!(place.prefix(), prefix, "{text}");
            assert_eq!(place.access(), access, "{text}");
        }
    }

    #[test]
    fn anything_else_says_what_is_wrong_and_what_would_be_right() {
        for (text, problem) in [
            ("", "not a URL"),
            ("/lake", "not a URL"),
            ("file://lake", "three slashes"),
            ("file:///", "the root"),
            ("file:///lake?x", "no query"),
            ("s3://bucket/x", "scheme `s3`"),
            ("https://a.blob.core.windows.net", "container is missing"),
            ("https://a.blob.core.windows.net/Lake", "`Lake` is no"),
            ("https://a.blob.core.windows.net/la--ke", "`la--ke` is no"),
            (
                "https://a.blob.core.windows.net/lake/a%20b",
                "`a%20b` is no",
            ),
            ("https://a.blob.core.windows.net/lake/../b", "`..`"),
            ("https://a.blob.core.windows.net/lake?sv=1", "no SAS"),
            (
                "https://u:p@a.blob.core.windows.net/lake",
                "user or password",
            ),
            ("https://a.blob.core.windows.net/lake#x", "fragment"),
            ("http://a.blob.core.windows.net/lake", "without TLS"),
            ("http://10.0.0.1/devstoreaccount1/lake", "without TLS"),
            ("http://127.0.0.1:10000/orders/lake", "devstoreaccount1"),
        ] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.contains("file:///absolute/folder"), "{error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let sas = "https://a.blob.core.windows.net/lake/p?sv=1&sig=SECRET";
        let place: Location = sas.parse().unwrap();
        assert_eq!(
            place.to_string(),
            "https://a.blob.core.windows.net/lake/p?…"
        );
        assert!(!format!("{place:?}").contains("SECRET"));
        for text in [
            "https://a.blob.core.windows.net/Lake?sv=1&sig=SECRET",
            "https://user:SECRET@a.blob.core.windows.net/lake",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SECRET",
            "mailto:SECRET",
            "sv=1&sig=SECRET",
        ] {
            let error = text.parse::<Location>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
        }
    }
}
