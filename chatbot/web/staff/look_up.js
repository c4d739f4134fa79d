// The keys of the look-up, and copying. Listens on the document, since the results are replaced at each letter.
(() => {
  const within = selector => document.querySelector(`#look-up-results ${selector}`);
  const box = () => document.querySelector('#look-up-box :is(input, textarea)');
  const articles = () => [...document.querySelectorAll('#look-up-results article.place')];
  const isOnTab = () => box() !== null && box().offsetParent !== null;
  const isTyping = () => document.activeElement?.matches('input, textarea, select, [contenteditable]') ?? false;
  const inHand = () => document.activeElement?.closest('#look-up-results article.place') ?? within('article.place');

  let saying;
  const say = text => {
    const said = document.getElementById('look-up-said');
    clearTimeout(saying);
    said.textContent = '';
    setTimeout(() => { said.textContent = text; }, 50);  // the same words twice are two pieces of news
    saying = setTimeout(() => { said.textContent = ''; }, 6000);
  };

  const focusBox = () => { box()?.focus(); box()?.select(); };

  const toBox = () => {
    if (isOnTab()) { focusBox(); return; }  // at once: what is typed next must not be selected, and so replaced
    document.getElementById('tab-look-up-button')?.click();
    setTimeout(focusBox);
  };

  const toPlace = article => {
    for (const one of articles()) one.tabIndex = one === article ? 0 : -1;
    article.focus();
    article.scrollIntoView({block: 'nearest'});
  };

  const move = step => {
    const all = articles(), at = all.indexOf(document.activeElement?.closest('article.place'));
    const next = at + step;
    if (next < 0) toBox(); else if (next < all.length) toPlace(all[next]);
  };

  const toggle = article => {
    const around = article.querySelector('details');
    around.open = !around.open;
    if (document.activeElement !== article) toPlace(article);
    if (around.open) around.querySelector('mark')?.scrollIntoView({block: 'nearest'});
  };

  // Without https, except on this machine itself, a browser has no clipboard but the old way.
  const write = async text => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement('textarea'), before = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    before?.focus();
    if (!isDone) throw new Error('not copied');
  };

  const copy = async (article, kind) => {
    if (!article) return;
    if (article.dataset.refused) { say(article.dataset.refused); return; }
    const name = article.querySelector('h2').textContent.trim();
    try {
      await write(article.dataset[kind]);
      say(`Copied ${kind === 'phone' ? 'for the phone' : 'for an e-mail'}: ${name}`);
    } catch {
      say('The browser did not let it be copied. Mark the text and copy it by hand.');
    }
  };

  const KINDS = {p: 'phone', f2: 'phone', e: 'email', f4: 'email'};

  document.addEventListener('keydown', event => {
    const key = event.key.toLowerCase(), isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const article = document.activeElement?.closest('#look-up-results article.place');
    const isInBox = document.activeElement === box(), isEmpty = isInBox && box().value === '';
    if ((key === 'k' && (event.ctrlKey || event.metaKey)) || (key === '/' && isPlain && (!isTyping() || isEmpty))) toBox();
    else if (!isOnTab() || !isPlain) return;
    else if (key === 'escape' && (article || isInBox)) toBox();
    else if ((key === 'arrowdown' || key === 'arrowup') && (article || (isInBox && key === 'arrowdown'))) {
      move(key === 'arrowdown' ? 1 : -1);
    } else if (key === 'enter' && isInBox && inHand()) toggle(inHand());
    else if (key === 'enter' && document.activeElement === article && article) toggle(article);
    else if (KINDS[key] && (key.length > 1 || article)) copy(inHand(), KINDS[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener('click', event => {
    const button = event.target.closest('#look-up-results [data-copy]');
    if (button) copy(button.closest('article'), button.dataset.copy);
  });

  let counting;
  new MutationObserver(() => {
    clearTimeout(counting);
    const count = within('[data-count]')?.dataset.count;
    if (count && isTyping()) counting = setTimeout(() => say(count), 700);
  }).observe(document.documentElement, {childList: true, subtree: true});
})();
