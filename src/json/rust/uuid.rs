//! The uuid crate's `Uuid` (feature `uuid`): conversions to and from [`Uuid`], and
//! `#[serde(with = "hipflask::json::uuid")]` for a struct's field.
//!
//! Without this feature too, `get_as::<uuid::Uuid>` reads a UUID of Flask's. But written
//! as it is, a `uuid::Uuid` becomes **text**, because that is what it serializes as;
//! Flask then has a `str` where its code expects a `UUID`.
//!
//! ```
//! use hipflask::{SecureCookieSession, json};
//!
//! let id = uuid::Uuid::from_u128(7);
//! let mut session = SecureCookieSession::<256>::new();
//! session.insert("wrong", &id)?; // '00000000-0000-0000-0000-000000000007'
//! session.insert("right", &json::Uuid::from(id))?; // UUID('00000000-0000-0000-0000-000000000007')
//! assert_eq!(session.get_as::<uuid::Uuid>("right")?, Some(id));
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Cart {
//!     #[serde(with = "hipflask::json::uuid")]
//!     id: uuid::Uuid,
//!     #[serde(with = "hipflask::json::uuid::option")]
//!     coupon: Option<uuid::Uuid>,
//! }
//! session.insert("cart", &Cart { id, coupon: None })?; // {'coupon': None, 'id': UUID('…')}
//! # assert_eq!(session.get_as::<Cart>("cart")?.map(|cart| (cart.id, cart.coupon)), Some((id, None)));
//! # Ok::<(), hipflask::Error>(())
//! ```

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

use crate::json::types::Uuid;

impl From<::uuid::Uuid> for Uuid {
    fn from(uuid: ::uuid::Uuid) -> Self {
        Self(uuid.into_bytes())
    }
}

impl From<Uuid> for ::uuid::Uuid {
    fn from(uuid: Uuid) -> Self {
        Self::from_bytes(uuid.0)
    }
}

/// Writes it as Flask's UUID.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(uuid: &::uuid::Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    Uuid::from(*uuid).serialize(serializer)
}

/// Reads Flask's UUID.
///
/// # Errors
/// The deserializer's own: here [`Error::WrongType`](crate::Error::WrongType) for
/// anything else, text included.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<::uuid::Uuid, D::Error> {
    Uuid::deserialize(deserializer).map(Into::into)
}

/// The same for a field that may be `None`.
pub mod option {
    use super::{Deserializer, Serializer, Uuid};
    use serde::{Deserialize as _, Serialize as _};

    /// Writes it as Flask's UUID, or as `None`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(uuid: &Option<::uuid::Uuid>, serializer: S) -> Result<S::Ok, S::Error> {
        uuid.map(Uuid::from).serialize(serializer)
    }

    /// Reads Flask's UUID, or `None`.
    ///
    /// # Errors
    /// The deserializer's own.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<::uuid::Uuid>, D::Error> {
        Ok(Option::<Uuid>::deserialize(deserializer)?.map(Into::into))
    }
}
