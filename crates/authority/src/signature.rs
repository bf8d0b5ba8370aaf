//! Requests that are signed with an access key and do not say with which: HMAC-SHA256 over a text
//! that both sides make of the request.
//!
//! Which key it was is found out by trying the two of the resource that is meant. The secrets do not
//! leave this crate: whoever serves such requests hands in the text and what came as its signature,
//! and gets the proof that calls take.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use lanyard_store::{Credential, CredentialRole, Store};
use lanyard_token::{Clock, ResourceId};

use crate::{Authority, Caller, Entropy, Error, KeyHolder, ResourceName, signers::LedTo};

/// What a request says of the resource that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// What the host is called. If a resource has that name, it is this one and no other.
    pub host: Option<&'a ResourceName>,
    /// The resource of the identity that the request is about.
    pub identity: Option<ResourceId>,
    /// What is meant if neither leads to a key that signed.
    pub default: &'a ResourceName,
}

/// A signature, and the texts that it may be one of. Any of them will do.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The texts.
    pub texts: &'a [String],
    /// The signature of one of them, as it came.
    pub signature: &'a [u8],
}

impl<S: Store, C: Clock, E: Entropy> Authority<S, C, E> {
    /// Finds out whose signature it is.
    ///
    /// # Errors
    /// [`Error::CredentialRefused`] if no key of the resource has made it, and the store's errors.
    pub async fn authenticate_signature(
        &self,
        sought: Sought<'_>,
        signed: Signed<'_>,
    ) -> Result<KeyHolder, Error> {
        let then = self.clock.boot()?;
        let Found { names, keys } = self.find(sought).await?;
        for keys in keys {
            if let Some(key) = self.signer(&keys, signed)? {
                let holder = Caller::holding(key).key_holder()?;
                self.signers.keep_keys(holder.resource(), keys);
                for (name, led_to) in names {
                    self.signers.keep_name(name, led_to, then);
                }
                return Ok(holder);
            }
        }
        Err(self.refused("no access key of the resource has made the signature"))
    }

    /// The same for a step that finds out by itself whether the access key is still there. A key
    /// that was let in before is let in on its signature alone.
    ///
    /// # Errors
    /// As those of [`Self::authenticate_signature`].
    pub async fn authenticate_signature_for_step(
        &self,
        sought: Sought<'_>,
        signed: Signed<'_>,
    ) -> Result<KeyHolder, Error> {
        for keys in self.keys_remembered(sought)? {
            if let Some(key) = self.signer(&keys, signed)? {
                return Caller::holding(key).key_holder();
            }
        }
        self.authenticate_signature(sought, signed).await
    }

    /// Which of the texts a key of the resource has signed, if any. For whoever is to be told why a
    /// signature was refused.
    ///
    /// # Errors
    /// The store's.
    pub async fn text_signed(
        &self,
        sought: Sought<'_>,
        signed: Signed<'_>,
    ) -> Result<Option<usize>, Error> {
        let Found { names: _, keys } = self.find(sought).await?;
        for (index, text) in signed.texts.iter().enumerate() {
            let one = Signed {
                texts: std::slice::from_ref(text),
                ..signed
            };
            for keys in &keys {
                if self.signer(keys, one)?.is_some() {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// The resources whose keys are tried. For whoever is to be told why a signature was refused.
    ///
    /// # Errors
    /// The store's.
    pub async fn resources_sought(&self, sought: Sought<'_>) -> Result<Vec<ResourceId>, Error> {
        let Found { names: _, keys } = self.find(sought).await?;
        let resources = keys.iter().flatten().filter_map(|key| match key.role {
            CredentialRole::AccessKey { resource, slot: _ } => Some(resource),
            CredentialRole::Operator | CredentialRole::Enforcer => None,
        });
        let mut resources: Vec<_> = resources.collect();
        resources.dedup();
        Ok(resources)
    }

    /// The keys of each resource that may be meant, as the store has them.
    async fn find(&self, sought: Sought<'_>) -> Result<Found, Error> {
        let mut found = Found::default();
        let by_host = match sought.host {
            Some(name) => self.resource_named(name, &mut found).await?,
            None => None,
        };
        let meant = if let Some(resource) = by_host {
            vec![resource]
        } else {
            let default = self.resource_named(sought.default, &mut found).await?;
            sought.identity.into_iter().chain(default).collect()
        };
        for resource in meant {
            found.keys.extend(self.store.access_keys(resource).await?);
        }
        Ok(found)
    }

    async fn resource_named(
        &self,
        name: &ResourceName,
        found: &mut Found,
    ) -> Result<Option<ResourceId>, Error> {
        let led_to = self.store.resource_named(name.to_string()).await?;
        found.names.push((name.to_string(), led_to.into()));
        Ok(led_to)
    }

    /// The same keys as far as they are remembered.
    fn keys_remembered(&self, sought: Sought<'_>) -> Result<Vec<[Credential; 2]>, Error> {
        let now = self.clock.boot()?;
        let named = |name: &ResourceName| self.signers.named(name.as_str(), now);
        let by_host = sought.host.map_or(Some(LedTo::Nothing), named);
        let meant: Vec<_> = match by_host {
            Some(LedTo::Resource(resource)) => vec![resource],
            Some(LedTo::Nothing) => {
                let default = named(sought.default).and_then(LedTo::resource);
                sought.identity.into_iter().chain(default).collect()
            }
            // Whether the host names a resource is not known, so no other may be taken for it.
            None => Vec::new(),
        };
        let keys = meant.into_iter();
        let keys = keys.filter_map(|resource| self.signers.keys(resource));
        Ok(keys.collect())
    }

    /// The key that has signed one of the texts. Each comparison takes the same time whatever it
    /// finds; which key it is that matches, only its holder can learn from the time.
    fn signer<'k>(
        &self,
        keys: &'k [Credential; 2],
        signed: Signed<'_>,
    ) -> Result<Option<&'k Credential>, Error> {
        for key in keys {
            let secret = self.master_key.open(key.id.as_uuid(), &key.secret)?;
            let mac = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
            let is_its = |text: &String| hmac::verify(&mac, text.as_bytes(), signed.signature);
            if signed.texts.iter().any(|text| is_its(text).is_ok()) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

/// What the store has of what is sought.
#[derive(Debug, Default)]
struct Found {
    /// What each name has led to.
    names: Vec<(String, LedTo)>,
    /// The keys of each resource that may be meant.
    keys: Vec<[Credential; 2]>,
}
