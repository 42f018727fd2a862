// What changed is told often, and a look takes a while: one look at a time, and one more when something was told
// meanwhile. So the last change is seen without another one behind it, and no older answer comes after a newer one.

export function oneAtATime(look) {
  let looking = false;
  let wanted = false;
  return async () => {
    wanted = true;
    if (looking) return;
    looking = true;
    try {
      while (wanted) {
        wanted = false;
        await look();
      }
    } finally {
      looking = false;
    }
  };
}
