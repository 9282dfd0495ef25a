export const A_MOMENT = 200;

// One at a time. Whoever asks meanwhile gets one more after it: what is on its way may have been read
// before the change that is asked for, and must not be laid over what was read since.
export function inTurn(work) {
  let running = null;
  let next = null;
  return function run() {
    if (running) {
      next ??= running.catch(() => {}).then(() => {
        next = null;
        return run();
      });
      return next;
    }
    running = work().finally(() => {
      running = null;
    });
    return running;
  };
}

// What is told several times within a moment is one piece of work, a moment later.
export function gathered(work, pause = () => A_MOMENT) {
  let waiting = null;
  return function soon() {
    waiting ??= setTimeout(() => {
      waiting = null;
      work().catch(() => {});
    }, pause());
  };
}
