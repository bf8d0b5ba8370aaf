//! The steps that run on the server, each a script.

use redis::Cmd;

/// Every step. One that is atomic over several keys is a script; what one command does is none.
pub(super) struct Scripts {
    pub(super) create_log: Script,
    pub(super) open_generation: Script,
    pub(super) settle_generation: Script,
    pub(super) record_durable: Script,
    pub(super) read_log: Script,
    pub(super) heal: Script,
    pub(super) trim: Script,
    pub(super) strike: Script,
    pub(super) give_up: Script,
    pub(super) grant: Script,
    pub(super) create_identity: Script,
    pub(super) delete_identity: Script,
    pub(super) revoke: Script,
    pub(super) note_issue: Script,
    pub(super) restore_order: Script,
    pub(super) restore_finals: Script,
    pub(super) restore_access_keys: Script,
    pub(super) put_resource: Script,
    pub(super) settle_resource: Script,
    pub(super) delete_resource: Script,
    pub(super) rotate: Script,
    pub(super) place_access_key: Script,
    pub(super) apply_keys: Script,
    pub(super) open_store: Script,
    pub(super) complete_store: Script,
    pub(super) create_subscription: Script,
    pub(super) close_subscription: Script,
    pub(super) forget_subscription: Script,
    pub(super) take_name: Script,
    pub(super) free_name: Script,
    pub(super) take_first_turn: Script,
    pub(super) end_first_start: Script,
    pub(super) create_service_key: Script,
    pub(super) delete_service_key: Script,
    pub(super) change_keys: Script,
    pub(super) restore_keys: Script,
    pub(super) keys_applied: Script,
    pub(super) forget_keys: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create_log: in_partition(include_str!("scripts/create_log.lua")),
            open_generation: in_partition(include_str!("scripts/open_generation.lua")),
            settle_generation: in_partition(include_str!("scripts/settle_generation.lua")),
            record_durable: in_partition(include_str!("scripts/record_durable.lua")),
            read_log: in_partition(include_str!("scripts/read_log.lua")),
            heal: in_partition(include_str!("scripts/heal.lua")),
            trim: in_partition(include_str!("scripts/trim.lua")),
            strike: in_partition(include_str!("scripts/strike.lua")),
            give_up: in_partition(include_str!("scripts/give_up.lua")),
            grant: in_partition(include_str!("scripts/grant.lua")),
            create_identity: in_partition(include_str!("scripts/create_identity.lua")),
            delete_identity: in_partition(include_str!("scripts/delete_identity.lua")),
            revoke: in_partition(include_str!("scripts/revoke.lua")),
            note_issue: in_partition(include_str!("scripts/note_issue.lua")),
            restore_order: in_partition(include_str!("scripts/restore_order.lua")),
            restore_finals: in_partition(include_str!("scripts/restore_finals.lua")),
            restore_access_keys: in_partition(include_str!("scripts/restore_access_keys.lua")),
            put_resource: in_partition(include_str!("scripts/put_resource.lua")),
            settle_resource: in_partition(include_str!("scripts/settle_resource.lua")),
            delete_resource: in_partition(include_str!("scripts/delete_resource.lua")),
            rotate: in_partition(include_str!("scripts/rotate.lua")),
            place_access_key: in_partition(include_str!("scripts/place_access_key.lua")),
            apply_keys: in_partition(include_str!("scripts/apply_keys.lua")),
            complete_store: at_root(include_str!("scripts/complete_store.lua")),
            open_store: at_root(include_str!("scripts/open_store.lua")),
            create_subscription: at_root(include_str!("scripts/create_subscription.lua")),
            close_subscription: at_root(include_str!("scripts/close_subscription.lua")),
            forget_subscription: at_root(include_str!("scripts/forget_subscription.lua")),
            take_name: at_root(include_str!("scripts/take_name.lua")),
            free_name: at_root(include_str!("scripts/free_name.lua")),
            take_first_turn: at_root(include_str!("scripts/take_first_turn.lua")),
            end_first_start: at_root(include_str!("scripts/end_first_start.lua")),
            create_service_key: at_root(include_str!("scripts/create_service_key.lua")),
            delete_service_key: at_root(include_str!("scripts/delete_service_key.lua")),
            change_keys: at_root(include_str!("scripts/change_keys.lua")),
            restore_keys: at_root(include_str!("scripts/restore_keys.lua")),
            keys_applied: at_root(include_str!("scripts/keys_applied.lua")),
            forget_keys: at_root(include_str!("scripts/forget_keys.lua")),
        }
    }
}

/// A script and the hash that servers know it by, once they have run it.
pub(super) struct Script {
    code: String,
    hash: String,
}

impl Script {
    fn new(code: String) -> Self {
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    /// The command that runs it by its hash, to be followed by the number of its keys.
    pub(super) fn by_hash(&self) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&self.hash);
        command
    }

    /// The command that runs it for a server that does not know it yet.
    pub(super) fn in_full(&self) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(&self.code);
        command
    }
}

fn in_partition(step: &str) -> Script {
    with_prelude(include_str!("scripts/partition.lua"), step)
}

fn at_root(step: &str) -> Script {
    with_prelude(include_str!("scripts/root.lua"), step)
}

fn with_prelude(prelude: &str, step: &str) -> Script {
    let reign = include_str!("scripts/reign.lua");
    let time_window = include_str!("scripts/time_window.lua");
    let run = include_str!("scripts/run.lua");
    Script::new(format!(
        "{reign}{time_window}local function step()\n{prelude}{step}end\n{run}"
    ))
}
