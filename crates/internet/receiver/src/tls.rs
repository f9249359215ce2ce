//! A certificate and its key -> what STARTTLS needs.
//!
//! Owns the choice of provider (ring) and versions (TLS 1.2 and 1.3). Never
//! reads files and never shows a key: the errors name what is wrong, not what
//! was there.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate and a key do not serve.
#[derive(Debug)]
pub enum TlsError {
    /// The chain holds no certificate.
    NoCertificate,
    /// The chain is not PEM.
    Certificate(rustls::pki_types::pem::Error),
    /// The key is not PEM, or there is none.
    Key(rustls::pki_types::pem::Error),
    /// The two do not fit together, or the key is of a kind that is not
    /// supported.
    Pair(rustls::Error),
}

/// The server side of TLS for a chain (leaf first) and its private key
/// (PKCS #8, SEC 1 or PKCS #1), both PEM.
///
/// # Errors
/// [`TlsError`] says which of the two is wrong.
pub fn server_config(cert_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(cert_pem).collect::<Result<_, _>>().map_err(TlsError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(TlsError::Key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Pair)?;
    Ok(Arc::new(config))
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("the certificate file holds no certificate in PEM"),
            Self::Certificate(error) => write!(f, "the certificate file is not sound PEM: {error}"),
            Self::Key(error) => write!(f, "the key file holds no private key in PEM: {error}"),
            Self::Pair(error) => write!(f, "the certificate and the key do not serve together: {error}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoCertificate => None,
            Self::Certificate(error) | Self::Key(error) => Some(error),
            Self::Pair(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn each_fault_has_its_name() {
        let ours = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
        let cert = ours.cert.pem();
        let key = ours.signing_key.serialize_pem();
        assert!(server_config(cert.as_bytes(), key.as_bytes()).is_ok());
        for (cert, key, expected) in [
            ("", key.as_str(), "holds no certificate"),
            ("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", &key, "not sound PEM"),
            (&cert, "", "no private key"),
            (&cert, &cert, "no private key"),
            (&cert, &other.signing_key.serialize_pem(), "do not serve together"),
        ] {
            let error = server_config(cert.as_bytes(), key.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
