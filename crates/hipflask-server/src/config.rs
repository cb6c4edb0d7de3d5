//! Flask's settings, in a form that owns its text.

use std::sync::Arc;

use hipflask::Config;

/// A [`Config`] that owns its text, so that settings can come from a file or a database.
///
/// Clones are cheap. A middleware around the sessions' layer puts one into a request's
/// extensions to give that request settings of its own.
///
/// ```
/// use hipflask::Config;
/// use hipflask_server::OwnedConfig;
///
/// let tenant = String::from("/tenant");
/// let config = OwnedConfig::from(Config::new().session_cookie_path(&tenant));
/// drop(tenant);
/// assert_eq!(config.as_config().session_cookie_path, Some("/tenant"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedConfig {
    pub(crate) name: Arc<str>,
    pub(crate) domain: Option<Arc<str>>,
    pub(crate) path: Option<Arc<str>>,
    pub(crate) application_root: Option<Arc<str>>,
    /// The settings that are no text.
    pub(crate) others: Config<'static>,
}

impl OwnedConfig {
    /// The settings, as the core takes them.
    #[must_use]
    pub fn as_config(&self) -> Config<'_> {
        let mut config = self.others;
        config.session_cookie_name = &self.name;
        config.session_cookie_domain = self.domain.as_deref();
        config.session_cookie_path = self.path.as_deref();
        config.application_root = self.application_root.as_deref();
        config
    }
}

impl From<Config<'_>> for OwnedConfig {
    fn from(config: Config<'_>) -> Self {
        let mut others = Config::new();
        others.session_cookie_httponly = config.session_cookie_httponly;
        others.session_cookie_secure = config.session_cookie_secure;
        others.session_cookie_partitioned = config.session_cookie_partitioned;
        others.session_cookie_samesite = config.session_cookie_samesite;
        others.session_refresh_each_request = config.session_refresh_each_request;
        others.permanent_session_lifetime = config.permanent_session_lifetime;
        others.clock_skew_secs = config.clock_skew_secs;
        others.max_cookie_size = config.max_cookie_size;
        others.oversize_cookie = config.oversize_cookie;
        others.refused_cookie = config.refused_cookie;
        others.bad_cookie = config.bad_cookie;
        others.unset_clock = config.unset_clock;
        Self {
            name: config.session_cookie_name.into(),
            domain: config.session_cookie_domain.map(Arc::from),
            path: config.session_cookie_path.map(Arc::from),
            application_root: config.application_root.map(Arc::from),
            others,
        }
    }
}

impl Default for OwnedConfig {
    fn default() -> Self {
        Config::new().into()
    }
}
