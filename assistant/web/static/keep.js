// What survives a reload: the conversation, in this tab only (sessionStorage), gone when the tab is closed.

const MAX_TURNS = 20;

/** The keeper of one site's conversation. A browser that refuses storage keeps nothing, and that is all. */
export function keeper(site) {
  const name = `wence:${site}`;
  return {
    /** {turns, ids}, or null when there is nothing that can be used. */
    load() {
      try {
        const found = JSON.parse(sessionStorage.getItem(name));
        return found && Array.isArray(found.turns) && found.ids ? found : null;
      } catch {
        return null;
      }
    },
    save(turns, ids) {
      try {
        sessionStorage.setItem(name, JSON.stringify({ turns: turns.slice(-MAX_TURNS), ids }));
      } catch {
        // Full or refused: the conversation goes on, it is only not kept.
      }
    },
  };
}
