//! Escaping and templates.

use std::borrow::Cow;

const LAYOUT: &str = include_str!("templates/layout.html");
const LOGIN: &str = include_str!("templates/login.html");
const HOME: &str = include_str!("templates/home.html");
const ERROR: &str = include_str!("templates/error.html");
pub const STYLE: &str = include_str!("templates/style.css");

/// Text that is HTML already: nothing else gets into a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html(Cow<'static, str>);

impl Html {
    /// The HTML for a text. Also fit for an attribute in quotes.
    pub fn escape(text: &str) -> Self {
        let mut html = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&#34;"),
                '\'' => html.push_str("&#39;"),
                other => html.push(other),
            }
        }
        Self(html.into())
    }

    /// For markup from a source that escapes: our own, or a `Markup` from a session.
    pub fn from_markup(markup: impl Into<Cow<'static, str>>) -> Self {
        Self(markup.into())
    }

    /// A template with each `{{name}}` replaced. What is put in is not looked
    /// at again. A name without a value stays, for everybody to see.
    pub fn fill(template: &str, values: &[(&str, &Self)]) -> Self {
        let mut html = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            html.push_str(before);
            let named = after.split_once("}}").and_then(|(name, after)| {
                let (_, value) = values.iter().find(|(key, _)| *key == name)?;
                Some((value.as_str(), after))
            });
            let (value, after) = named.unwrap_or(("{{", after));
            html.push_str(value);
            rest = after;
        }
        html.push_str(rest);
        Self(html.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(parts: I) -> Self {
        Self(parts.into_iter().map(Html::into_string).collect::<String>().into())
    }
}

/// A message on top of a page.
pub fn message(category: &str, text: &Html) -> Html {
    let category = Html::escape(category);
    Html::fill(
        "<li class=\"message {{category}}\">{{text}}</li>\n",
        &[("category", &category), ("text", text)],
    )
}

fn page(title: &str, messages: &Html, content: &Html) -> Html {
    let messages = if messages.as_str().is_empty() {
        messages.clone()
    } else {
        Html::fill("<ul class=\"messages\" role=\"status\">\n{{messages}}</ul>\n", &[("messages", messages)])
    };
    let values = [("title", &Html::escape(title)), ("messages", &messages), ("content", content)];
    Html::fill(LAYOUT, &values)
}

pub fn login_page(messages: &Html, csrf_token: &str, name: &str) -> Html {
    let values = [("csrf_token", &Html::escape(csrf_token)), ("name", &Html::escape(name))];
    page("Log in", messages, &Html::fill(LOGIN, &values))
}

pub fn home_page(messages: &Html, csrf_token: &str, user: &str, visits: u64, note: &str) -> Html {
    let values = [
        ("csrf_token", &Html::escape(csrf_token)),
        ("user", &Html::escape(user)),
        ("visits", &Html::escape(&visits.to_string())),
        ("times", &Html::escape(if visits == 1 { "time" } else { "times" })),
        ("note", &Html::escape(note)),
    ];
    page("Your page", messages, &Html::fill(HOME, &values))
}

pub fn error_page(title: &str, text: &str) -> Html {
    let nothing = Html::from_markup("");
    page(title, &nothing, &Html::fill(ERROR, &[("text", &Html::escape(text))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_markupsafe_does() {
        let html = Html::escape("<a href='x'>Zoë & \"co\"</a>");
        assert_eq!(html.as_str(), "&lt;a href=&#39;x&#39;&gt;Zoë &amp; &#34;co&#34;&lt;/a&gt;");
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let [a, b] = ["{{b}}", "{{a}}"].map(Html::from_markup);
        assert_eq!(
            Html::fill("{{a}} {{b}} {{c}} {{", &[("a", &a), ("b", &b)]).as_str(),
            "{{b}} {{a}} {{c}} {{"
        );
    }

    #[test]
    fn pages_have_a_value_for_every_name() {
        let message = message("info", &Html::escape("1 < 2"));
        let pages = [
            login_page(&message, "token", "ada"),
            home_page(&message, "token", "ada", 2, "a note"),
            error_page("Title", "Text"),
        ];
        for page in pages {
            assert!(!page.as_str().contains("{{"), "{}", page.as_str());
        }
    }
}
