//! What a form sends: `application/x-www-form-urlencoded`, read in place.

/// A form's text, as it came.
#[derive(Clone, Copy)]
pub struct Form<'a>(pub &'a [u8]);

impl Form<'_> {
    /// The first field of this name. `None` if there is none, or if it is not
    /// UTF-8 or takes more than `N` bytes.
    pub fn field<const N: usize>(self, name: &str) -> Option<heapless::String<N>> {
        let mut fields = self.0.split(|byte| *byte == b'&');
        let value = fields.find_map(|field| field.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        let mut text = heapless::Vec::new();
        let mut bytes = value.iter();
        while let Some(byte) = bytes.next() {
            let decoded = match byte {
                b'+' => b' ',
                b'%' => 16 * hex_digit(bytes.next()?)? + hex_digit(bytes.next()?)?,
                other => *other,
            };
            text.push(decoded).ok()?;
        }
        heapless::String::from_utf8(text).ok()
    }
}

fn hex_digit(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn fields_are_decoded() {
        let form = Form(b"a=1&name=Zo%C3%AB+%26+co&name=second&empty=");
        assert_eq!(form.field::<16>("name").as_deref(), Some("Zo\u{eb} & co"));
        assert_eq!(form.field::<1>("a").as_deref(), Some("1"));
        assert_eq!(form.field::<1>("empty").as_deref(), Some(""));
    }

    #[test]
    fn what_cannot_be_read_is_missing() {
        let form = Form(b"long=four&cut=%4&digits=%zz&bytes=%ff&bare&nam=1");
        for name in ["long", "cut", "digits", "bytes", "bare", "name", "nowhere"] {
            assert_eq!(form.field::<3>(name), None, "{name}");
        }
    }
}
