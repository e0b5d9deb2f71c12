// Flags: short messages in the corner of the page, for the site and its apps.
(function () {
  'use strict';
  var icons = { success: '✓', error: '!', warning: '!', info: 'i' };

  function element(tag, className, text) {
    var el = document.createElement(tag);
    if (className) { el.className = className; }
    if (text !== undefined) { el.textContent = text; }
    return el;
  }

  function draw(options) {
    var type = icons[options.type] ? options.type : 'info';
    var flag = element('section', 'flag flag-' + type + (options.bold ? ' flag-bold' : ''));
    flag.setAttribute('role', type === 'error' ? 'alert' : 'status');
    var icon = element('span', 'flag-icon', icons[type]);
    icon.setAttribute('aria-hidden', 'true');
    var text = element('div', 'flag-text');
    text.append(element('strong', '', options.title || ''));
    if (options.body) { text.append(element('p', '', options.body)); }
    var actions = element('div', 'flag-actions');
    (options.actions || []).forEach(function (action) {
      var button = element('button', 'link', action.actionText);
      button.type = 'button';
      button.addEventListener('click', action.executeAction);
      actions.append(button);
    });
    if (actions.childNodes.length) { text.append(actions); }
    var close = element('button', 'icon-button', '×');
    close.type = 'button';
    close.setAttribute('aria-label', 'Dismiss');
    flag.append(icon, text, close);
    document.getElementById('flags').prepend(flag);

    var gone = false;
    function dismiss() {
      if (gone) { return; }
      gone = true;
      flag.remove();
      if (options.onClose) { options.onClose(options.id); }
    }
    close.addEventListener('click', dismiss);
    if (options.close === 'auto') { window.setTimeout(dismiss, 8000); }
    return { close: dismiss };
  }

  // sandboxFlag shows a flag: {id, type, title, body, actions, close: 'auto' or 'manual', bold, onClose}. type is success, error, warning
  // or info; close() of what it returns takes the flag away.
  window.sandboxFlag = draw;
})();
