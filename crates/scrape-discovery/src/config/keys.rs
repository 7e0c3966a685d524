//! The `*_sd_configs` keys of upstream, so that a configuration that uses one we do not build yet is
//! understood and named, not taken for a typing error.

/// `static_configs`.
pub const STATIC_KEY: &str = "static_configs";
/// `file_sd_configs`.
pub const FILE_KEY: &str = "file_sd_configs";

/// A discovery key of a scrape configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MechanismKey {
    /// The key in a scrape configuration.
    pub key: &'static str,
    /// The mechanism's short name, used in metrics and logs.
    pub mechanism: &'static str,
    /// Whether this build has it.
    pub supported: bool,
}

const fn have(key: &'static str, mechanism: &'static str) -> MechanismKey {
    MechanismKey {
        key,
        mechanism,
        supported: true,
    }
}

const fn lack(key: &'static str, mechanism: &'static str) -> MechanismKey {
    MechanismKey {
        key,
        mechanism,
        supported: false,
    }
}

/// Every discovery key of upstream, ascending by key.
pub const UPSTREAM_KEYS: &[MechanismKey] = &[
    lack("aws_sd_configs", "aws"),
    lack("azure_sd_configs", "azure"),
    lack("consul_sd_configs", "consul"),
    lack("digitalocean_sd_configs", "digitalocean"),
    lack("dns_sd_configs", "dns"),
    lack("docker_sd_configs", "docker"),
    lack("dockerswarm_sd_configs", "dockerswarm"),
    lack("ec2_sd_configs", "ec2"),
    lack("ecs_sd_configs", "ecs"),
    lack("elasticache_sd_configs", "elasticache"),
    lack("eureka_sd_configs", "eureka"),
    have(FILE_KEY, "file"),
    lack("gce_sd_configs", "gce"),
    lack("hetzner_sd_configs", "hetzner"),
    lack("http_sd_configs", "http"),
    lack("ionos_sd_configs", "ionos"),
    lack("kubernetes_sd_configs", "kubernetes"),
    lack("kuma_sd_configs", "kuma"),
    lack("lightsail_sd_configs", "lightsail"),
    lack("linode_sd_configs", "linode"),
    lack("marathon_sd_configs", "marathon"),
    lack("msk_sd_configs", "msk"),
    lack("nerve_sd_configs", "nerve"),
    lack("nomad_sd_configs", "nomad"),
    lack("oci_sd_configs", "oci"),
    lack("openstack_sd_configs", "openstack"),
    lack("outscale_sd_configs", "outscale"),
    lack("ovhcloud_sd_configs", "ovhcloud"),
    lack("puppetdb_sd_configs", "puppetdb"),
    lack("rds_sd_configs", "rds"),
    lack("scaleway_sd_configs", "scaleway"),
    lack("serverset_sd_configs", "serverset"),
    lack("stackit_sd_configs", "stackit"),
    have(STATIC_KEY, "static"),
    lack("triton_sd_configs", "triton"),
    lack("uyuni_sd_configs", "uyuni"),
    lack("vultr_sd_configs", "vultr"),
];

/// Looks a key up; `None` if it is no discovery key.
pub fn mechanism_of_key(key: &str) -> Option<&'static MechanismKey> {
    UPSTREAM_KEYS
        .binary_search_by(|k| k.key.cmp(key))
        .ok()
        .map(|i| &UPSTREAM_KEYS[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_found() {
        assert!(UPSTREAM_KEYS.is_sorted_by_key(|k| k.key));
        for k in UPSTREAM_KEYS {
            assert_eq!(mechanism_of_key(k.key), Some(k));
        }
        assert_eq!(mechanism_of_key("scrape_configs"), None);
    }
}
