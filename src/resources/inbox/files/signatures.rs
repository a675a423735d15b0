//! Compares what a file says it is with the marks in its bytes. Nothing is unpacked for it: the first bytes are looked at, and that
//! is all, so an archive that would fill the disk is as harmless as any other.

/// A format that is known by its bytes.
struct Signature {
    /// The format in words.
    label: &'static str,
    is: fn(&[u8]) -> bool,
    /// Its content types, the usual one first: whoever claims one of them must have these bytes.
    own: &'static [&'static str],
    /// Other content types that such bytes may come under; `/*` at the end stands for a family.
    also: &'static [&'static str],
}

/// A content type that says nothing, so nothing contradicts it.
const ANYTHING: &str = "application/octet-stream";
/// How far into a file is looked for the marks of text.
const HEAD: usize = 8 * 1024;

const SIGNATURES: &[Signature] = &[
    image("a PNG image", |b| b.starts_with(b"\x89PNG\r\n\x1a\n"), &["image/png", "image/apng", "image/x-png"]),
    image("a JPEG image", |b| b.starts_with(b"\xff\xd8\xff"), &["image/jpeg", "image/jpg", "image/pjpeg"]),
    image("a GIF image", |b| b.starts_with(b"GIF87a") || b.starts_with(b"GIF89a"), &["image/gif"]),
    image("a WebP image", |b| riff(b, b"WEBP"), &["image/webp"]),
    image("a TIFF image", |b| b.starts_with(b"II*\0") || b.starts_with(b"MM\0*"), &["image/tiff", "image/tif"]),
    Signature {
        label: "an ISO media file",
        is: |b| b.get(4..8) == Some(b"ftyp"),
        own: &["video/mp4", "audio/mp4", "video/quicktime", "image/heic", "image/heif", "image/avif", "audio/x-m4a"],
        also: &["video/*", "audio/*"],
    },
    Signature {
        label: "a Matroska or WebM file",
        is: |b| b.starts_with(b"\x1a\x45\xdf\xa3"),
        own: &["video/webm", "audio/webm", "video/x-matroska"],
        also: &["video/*", "audio/*"],
    },
    Signature {
        label: "an Ogg file",
        is: |b| b.starts_with(b"OggS"),
        own: &["audio/ogg", "video/ogg", "application/ogg"],
        also: &["audio/*", "video/*"],
    },
    Signature { label: "a WAV file", is: |b| riff(b, b"WAVE"), own: &["audio/wav", "audio/x-wav"], also: &["audio/*"] },
    Signature { label: "an AVI file", is: |b| riff(b, b"AVI "), own: &["video/x-msvideo"], also: &["video/*"] },
    Signature { label: "a FLAC file", is: |b| b.starts_with(b"fLaC"), own: &["audio/flac"], also: &["audio/*"] },
    Signature { label: "an MP3 file", is: |b| b.starts_with(b"ID3"), own: &[], also: &["audio/*"] },
    Signature {
        label: "a PDF document",
        is: |b| b.starts_with(b"%PDF-"),
        own: &["application/pdf"],
        also: &["application/illustrator", "application/postscript"],
    },
    Signature {
        // Readers take a little junk in front of it; what is in front may also be a text that only speaks of it.
        label: "a PDF document",
        is: |b| memchr::memmem::find(&b[..b.len().min(1024)], b"%PDF-").is_some_and(|at| at > 0),
        own: &["application/pdf"],
        also: &["text/*", "message/*", "application/*"],
    },
    Signature {
        label: "a ZIP archive",
        is: |b| [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|mark| b.starts_with(*mark)),
        own: &["application/zip", "application/x-zip-compressed", "application/epub+zip", "application/java-archive"],
        // Office documents, packages and much else are ZIP archives.
        also: &["application/*", "model/*", "font/*"],
    },
    archive("a gzip archive", |b| b.starts_with(b"\x1f\x8b"), &["application/gzip", "application/x-gzip"]),
    archive("a 7z archive", |b| b.starts_with(b"7z\xbc\xaf\x27\x1c"), &["application/x-7z-compressed"]),
    archive(
        "a RAR archive",
        |b| b.starts_with(b"Rar!\x1a\x07"),
        &["application/vnd.rar", "application/x-rar-compressed"],
    ),
    archive("a bzip2 archive", |b| b.starts_with(b"BZh"), &["application/x-bzip2"]),
    archive("an xz archive", |b| b.starts_with(b"\xfd7zXZ\0"), &["application/x-xz"]),
    archive("a zstd archive", |b| b.starts_with(b"\x28\xb5\x2f\xfd"), &["application/zstd"]),
    archive(
        "an Office document of the old kind",
        |b| b.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        &["application/msword"],
    ),
    program("an ELF program", |b| b.starts_with(b"\x7fELF"), &["application/x-executable", "application/x-sharedlib"]),
    program(
        "a Windows program",
        windows_program,
        &["application/x-msdownload", "application/vnd.microsoft.portable-executable"],
    ),
    program(
        "a Mach-O program",
        |b| b.starts_with(b"\xcf\xfa\xed\xfe") || b.starts_with(b"\xce\xfa\xed\xfe"),
        &["application/x-mach-binary"],
    ),
    program("a Java class", |b| b.starts_with(b"\xca\xfe\xba\xbe"), &["application/java-vm"]),
    program("a WebAssembly module", |b| b.starts_with(b"\0asm"), &["application/wasm"]),
    Signature {
        label: "an SVG image",
        is: |b| markup(b, &["svg"]),
        own: &[],
        also: &["image/svg+xml", "text/*", "application/xml", "application/xhtml+xml"],
    },
    Signature {
        label: "an HTML page",
        is: |b| markup(b, &["!doctype html", "html", "head", "body", "script", "iframe"]),
        own: &[],
        also: &[
            "text/*",
            "message/*",
            "application/xhtml+xml",
            "application/xml",
            "application/vnd.ms-excel",
            "application/msword",
        ],
    },
];

const fn image(label: &'static str, is: fn(&[u8]) -> bool, own: &'static [&'static str]) -> Signature {
    Signature { label, is, own, also: &[] }
}

const fn archive(label: &'static str, is: fn(&[u8]) -> bool, own: &'static [&'static str]) -> Signature {
    Signature { label, is, own, also: &["application/*"] }
}

/// A program is taken under its own name only: not as some document that somebody might open.
const fn program(label: &'static str, is: fn(&[u8]) -> bool, own: &'static [&'static str]) -> Signature {
    Signature { label, is, own, also: &["application/x-dosexec", "application/x-elf"] }
}

/// What the bytes are, as far as it can be told; for files that do not say.
pub fn content_type_of(bytes: &[u8]) -> &'static str {
    match SIGNATURES.iter().find(|signature| (signature.is)(bytes)) {
        // What could run in a browser has no type of its own here: nothing is called so that did not ask for it.
        Some(known) => known.own.first().copied().unwrap_or(ANYTHING),
        None if !bytes.is_empty() && is_text(bytes) && std::str::from_utf8(bytes).is_ok() => "text/plain",
        None => ANYTHING,
    }
}

/// How the bytes contradict the content type, in words; `None` if they do not.
pub fn contradiction(content_type: &str, bytes: &[u8]) -> Option<String> {
    if content_type == ANYTHING {
        return None;
    }
    let mut known = SIGNATURES.iter().filter(|signature| (signature.is)(bytes)).peekable();
    if let Some(first) = known.peek().copied() {
        // Bytes may bear several marks; one that fits is enough.
        return match known.any(|signature| signature.fits(content_type)) {
            true => None,
            false => Some(format!("the file says it is {content_type}, but its bytes are {}", first.label)),
        };
    }
    if let Some(claimed) = SIGNATURES.iter().find(|signature| signature.own.contains(&content_type)) {
        return Some(format!("the file says it is {content_type}, but its bytes are not those of {}", claimed.label));
    }
    let is_text_type = content_type.starts_with("text/") || content_type == "application/json";
    (is_text_type && !is_text(bytes)).then(|| format!("the file says it is {content_type}, but its bytes are no text"))
}

impl Signature {
    fn fits(&self, content_type: &str) -> bool {
        let allowed = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(family) => content_type.starts_with(family) && !has_bytes_of_its_own(content_type),
            None => content_type == *pattern,
        };
        self.own.contains(&content_type) || self.also.iter().any(allowed)
    }
}

/// Whether the bytes of a content type are known: a family does not speak for it.
fn has_bytes_of_its_own(content_type: &str) -> bool {
    SIGNATURES.iter().any(|signature| signature.own.contains(&content_type))
}

fn riff(bytes: &[u8], form: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form)
}

/// Two letters are no mark; the header that they lead to is.
fn windows_program(bytes: &[u8]) -> bool {
    let header = bytes.get(0x3c..0x40).and_then(|at| at.try_into().ok()).map(u32::from_le_bytes);
    let header = header.and_then(|at| usize::try_from(at).ok());
    bytes.starts_with(b"MZ")
        && header.is_some_and(|at| at.checked_add(4).and_then(|end| bytes.get(at..end)) == Some(b"PE\0\0"))
}

/// Whether the first element of a text is one of these; comments, declarations and white space in front of it are passed over.
fn markup(bytes: &[u8], names: &[&str]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut rest = text.trim_start();
    loop {
        let Some(tag) = rest.strip_prefix('<') else { return false };
        let is = |name: &&str| {
            let end = tag.strip_prefix(*name);
            end.is_some_and(|end| {
                end.is_empty() || end.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/')
            })
        };
        if names.iter().any(is) {
            return true;
        }
        let end = match tag {
            comment if comment.starts_with("!--") => comment.find("-->").map(|at| at + 3),
            // The document type of an SVG image may have brackets of its own; what follows is looked at either way.
            declaration if declaration.starts_with(['?', '!']) => declaration.find('>').map(|at| at + 1),
            _ => None,
        };
        match end.and_then(|end| tag.get(end..)) {
            Some(after) => rest = after.trim_start(),
            None => return false,
        }
    }
}

/// Whether nothing speaks against the bytes being text: two-byte encodings say so at the start.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || memchr::memchr(0, head).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0";
    const HTML: &[u8] = b"\n<!-- x --><!DOCTYPE html><title>x</title>";
    const SVG: &[u8] = b"<?xml version=\"1.0\"?>\n<svg xmlns='http://www.w3.org/2000/svg'>";
    const ELF: &[u8] = b"\x7fELF\x02\x01";

    #[test]
    fn bytes_that_fit_are_taken() {
        let fits: &[(&str, &[u8])] = &[
            ("image/png", PNG),
            ("application/octet-stream", PNG),
            ("application/octet-stream", ELF),
            ("application/zip", ZIP),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP),
            ("application/x-executable", ELF),
            ("text/html", HTML),
            ("text/plain", HTML),
            ("text/markdown", b"# Hello"),
            ("message/rfc822", b"From: a@b.c\r\n\r\nx"),
            ("message/rfc822", b"From: a@b.c\r\n\r\n%PDF-1.4"),
            ("image/svg+xml", SVG),
            ("text/xml", SVG),
            ("text/plain", b""),
            ("text/csv", b"\xff\xfea\0b\0"),
            ("text/plain", b"caf\xe9"),
            ("application/json", b"{}"),
            ("application/pdf", b"%PDF-1.7\n"),
            ("application/x-unheard-of", b"\0\x01\x02"),
            ("video/mp4", b"\0\0\0\x18ftypmp42"),
            ("image/heic", b"\0\0\0\x18ftypheic"),
            ("audio/mpeg", b"ID3\x03"),
            ("image/bmp", b"BM......"),
        ];
        for (content_type, bytes) in fits {
            assert_eq!(contradiction(content_type, bytes), None, "{content_type}");
        }
    }

    #[test]
    fn bytes_that_contradict_are_told() {
        let mut exe = vec![0; 0x80];
        exe[..2].copy_from_slice(b"MZ");
        exe[0x3c] = 0x40;
        exe[0x40..0x44].copy_from_slice(b"PE\0\0");
        let contradicts: &[(&str, &[u8])] = &[
            ("image/png", b"\xff\xd8\xff\xe0"),
            ("image/jpeg", PNG),
            ("image/png", HTML),
            ("image/png", SVG),
            ("image/gif", b"<script>alert(1)</script>"),
            ("image/png", b""),
            ("image/png", ELF),
            ("application/pdf", ZIP),
            ("application/pdf", b"\xef\xbb\xbf <HTML>"),
            ("application/zip", b"\x1f\x8b\x08"),
            ("application/gzip", ZIP),
            ("application/pdf", &exe),
            ("application/vnd.ms-powerpoint", &exe),
            ("text/plain", ZIP),
            ("text/plain", b"%PDF-1.7"),
            ("text/plain", b"a\0b"),
            ("image/png", b"\0\0\0\x18ftypmp42"),
            ("image/webp", b"RIFF\0\0\0\0WAVEfmt "),
            ("video/mp4", b"\x1a\x45\xdf\xa3"),
        ];
        for (content_type, bytes) in contradicts {
            assert!(contradiction(content_type, bytes).is_some(), "{content_type}");
        }
    }

    #[test]
    fn what_does_not_say_is_recognized() {
        let known: &[(&[u8], &str)] = &[
            (PNG, "image/png"),
            (ZIP, "application/zip"),
            (b"Hello", "text/plain"),
            (b"\0\x01", ANYTHING),
            (b"", ANYTHING),
        ];
        for (bytes, content_type) in known {
            assert_eq!(content_type_of(bytes), *content_type);
            assert_eq!(contradiction(content_type, bytes), None);
        }
        // What could run is not called by a name under which it would.
        assert_eq!((content_type_of(HTML), content_type_of(SVG)), (ANYTHING, ANYTHING));
    }
}
