// On the staff's page: says when the session has ended, without taking away what is being typed.
(() => {
  const ask = window.fetch, login = "/staff/login";
  const say = () => {
    if (document.getElementById("session-ended")) return;
    const note = document.createElement("div"), again = document.createElement("a");
    note.id = "session-ended";
    note.setAttribute("role", "alert");
    note.style.cssText = "position:fixed;inset:0 0 auto 0;z-index:2147483647;padding:.8rem 1rem;background:#b91c1c;color:#fff;"
      + "font:600 1rem/1.5 system-ui,sans-serif";
    again.href = login;
    again.target = "_blank";
    again.textContent = "Log in again";
    again.style.cssText = "color:#fff;text-decoration:underline";
    again.addEventListener("click", () => note.remove());
    note.append("Your session has ended. What you typed is still here. ", again, ", then come back to this tab.");
    document.body.append(note);
  };
  window.fetch = async (...request) => {
    const reply = await ask(...request);
    if (reply.status === 401 && new URL(reply.url).pathname.startsWith("/staff/")) say();
    return reply;
  };
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
})();
