// What becomes of a connection that was resumed, as its answer has it.
export const resumed = ({ connection }) => connection.sync_enabled ? "Resumed; a sync is on its way." : "Resumed; it is synced when somebody asks.";
