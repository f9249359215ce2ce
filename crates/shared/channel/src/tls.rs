//! TLS for the handoff: both ends show a certificate of the site's own
//! authority, TLS 1.3 alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::ChannelError;

/// The files of one end.
#[derive(Debug, Clone)]
pub struct Identity {
    /// PEM: the authority whose certificates the other end must show.
    pub ca_file: PathBuf,
    /// PEM: the own certificate, with its chain.
    pub cert_file: PathBuf,
    /// PEM: its key.
    pub key_file: PathBuf,
}

/// The end that listens: a peer without a certificate of `ca_file` is turned
/// away during the handshake.
///
/// # Errors
/// [`ChannelError::Tls`] names the file that cannot be used.
pub fn server(identity: &Identity) -> Result<Arc<ServerConfig>, ChannelError> {
    let roots = Arc::new(roots(&identity.ca_file)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|err| wrong(&identity.ca_file, err))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|err| wrong(&identity.cert_file, err))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(&identity.cert_file)?, key(&identity.key_file)?)
        .map_err(|err| wrong(&identity.cert_file, err))?;
    Ok(Arc::new(config))
}

/// The end that connects.
///
/// # Errors
/// [`ChannelError::Tls`] names the file that cannot be used.
pub fn client(identity: &Identity) -> Result<Arc<ClientConfig>, ChannelError> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|err| wrong(&identity.cert_file, err))?
        .with_root_certificates(roots(&identity.ca_file)?)
        .with_client_auth_cert(chain(&identity.cert_file)?, key(&identity.key_file)?)
        .map_err(|err| wrong(&identity.cert_file, err))?;
    Ok(Arc::new(config))
}

/// The name that the listening end's certificate must carry.
///
/// # Errors
/// [`ChannelError::Tls`] if `name` is neither a DNS name nor an IP address.
pub fn server_name(name: &str) -> Result<ServerName<'static>, ChannelError> {
    ServerName::try_from(name.to_owned()).map_err(|err| ChannelError::Tls(name.to_owned(), err.to_string()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(file: &Path) -> Result<RootCertStore, ChannelError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(file)? {
        roots.add(certificate).map_err(|err| wrong(file, err))?;
    }
    Ok(roots)
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, ChannelError> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|err| wrong(file, err))?;
    if certificates.is_empty() { Err(wrong(file, "it holds no certificate")) } else { Ok(certificates) }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, ChannelError> {
    PrivateKeyDer::from_pem_file(file).map_err(|err| wrong(file, err))
}

fn wrong(file: &Path, why: impl ToString) -> ChannelError {
    ChannelError::Tls(file.display().to_string(), why.to_string())
}
