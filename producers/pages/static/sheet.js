// The run sheet's page: each module looks after one thing.
import "./frame.js";
import "./filters.js";
import "./now.js";
import "./turning.js";
import "./moving.js";
import "./naming.js";
import "./tip.js";
import "./panel.js";
import "./editing.js";
import "./settling.js";
import "./syncing.js";
import "./reading.js";
import "./printing.js";
import "./live.js";
