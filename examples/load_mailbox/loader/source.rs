//! Where mails are: in mbox files, one after the other, or in files of their own, as in a Maildir.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Result;

/// Where the bytes of one mail are.
#[derive(Clone, Debug)]
pub struct Place {
    file: Rc<PathBuf>,
    offset: u64,
    length: u64,
    /// Whether it is one of many in an mbox, where lines that look like the beginning of a mail are escaped.
    is_escaped: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.is_escaped { write!(f, " at byte {}", self.offset) } else { Ok(()) }
    }
}

impl Place {
    /// The mail as it was sent.
    pub fn read(&self) -> Result<Vec<u8>> {
        let mut file = File::open(&*self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut raw = Vec::new();
        file.take(self.length).read_to_end(&mut raw)?;
        if self.is_escaped && raw.ends_with(b"\n\n") {
            // The empty line before the next mail.
            raw.pop();
        }
        Ok(if self.is_escaped { unescaped(&raw) } else { raw })
    }
}

/// All mails at a path.
pub fn places(path: &Path) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    walk(path, &mut places)?;
    Ok(places)
}

fn walk(path: &Path, places: &mut Vec<Place>) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        // A mail in `tmp` of a Maildir is not there yet.
        let is_maildir = path.join("cur").is_dir();
        for entry in entries.iter().filter(|entry| !(is_maildir && entry.ends_with("tmp"))) {
            walk(entry, places)?;
        }
        return Ok(());
    }
    let mut start = [0; 5];
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let is_mbox = file.read_exact(&mut start).is_ok() && &start == b"From ";
    let path = Rc::new(path.to_owned());
    if is_mbox {
        file.seek(SeekFrom::Start(0))?;
        split(BufReader::new(file), |offset, length| {
            places.push(Place { file: path.clone(), offset, length, is_escaped: true });
        })?;
    } else if length > 0 {
        places.push(Place { file: path, offset: 0, length, is_escaped: false });
    }
    Ok(())
}

/// Finds the mails of an mbox: each follows a line such as `From jane@example.com Thu Nov 20 06:22:34 2026`.
fn split(mut mbox: impl BufRead, mut found: impl FnMut(u64, u64)) -> Result<()> {
    let (mut position, mut begun, mut line) = (0, None, Vec::new());
    let mut after_blank = true;
    loop {
        line.clear();
        let length = mbox.read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            break;
        }
        if after_blank && is_separator(&line) {
            if let Some(begin) = begun {
                found(begin, position - begin);
            }
            begun = Some(position + length);
        }
        after_blank = line.iter().all(|byte| byte.is_ascii_whitespace());
        position += length;
    }
    if let Some(begin) = begun {
        found(begin, position - begin);
    }
    Ok(())
}

/// Whether a line separates two mails: it names a time, which a sentence that begins with "From" seldom does.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let has_time = rest
        .windows(5)
        .any(|text| matches!(text, [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit())));
    has_time && rest.windows(4).any(|text| text.iter().all(|digit| digit.is_ascii_digit()))
}

/// The lines of a mail without what an mbox puts before those that begin with "From".
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut mail = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let is_escaped = quotes > 0 && line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From "));
        mail.extend_from_slice(if is_escaped { line.get(1..).unwrap_or_default() } else { line });
    }
    mail
}
