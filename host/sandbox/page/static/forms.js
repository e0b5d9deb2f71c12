// Forms in dialogs and in the place of values, without leaving the page. Without this script they are pages of their own.
(function () {
  'use strict';
  var headers = { 'Sandbox-Fragment': 'form' };

  function fragment(path, init) {
    return fetch(path, Object.assign({ headers: headers, credentials: 'same-origin', redirect: 'follow' }, init)).then(function (answer) {
      var kind = answer.headers.get('Content-Type') || '';
      if (kind.indexOf('application/json') === 0) {
        return answer.json().then(function (body) {
          if (!answer.ok) { throw new Error(body.message || answer.statusText); }
          return { done: body };
        });
      }
      return answer.text().then(function (text) { return { html: text }; });
    });
  }

  // refresh shows the parts of the page as they are now; frames of apps stay, and so does what somebody is typing in. What was asked
  // for before the last is not shown: it may be older.
  var asked = 0;
  function refresh(path) {
    var turn = ++asked;
    return fetch(path || location.href, { cache: 'no-store', credentials: 'same-origin' }).then(function (answer) {
      if (!answer.ok) { location.reload(); return ''; }
      return answer.text();
    }).then(function (text) {
      if (turn !== asked) { return; }
      var next = new DOMParser().parseFromString(text, 'text/html');
      document.querySelectorAll('[data-part]').forEach(function (part) {
        var now = next.querySelector('[data-part="' + part.dataset.part + '"]');
        if (now && now.innerHTML !== part.innerHTML && !part.querySelector('.inline-form')) { part.innerHTML = now.innerHTML; }
      });
      if (text) { document.title = next.title; }
    });
  }

  function put(into, html) {
    var t = document.createElement('template');
    t.innerHTML = html;
    into.replaceChildren(t.content);
    var first = into.querySelector('[aria-invalid="true"]') || into.querySelector('input:not([type=hidden]), textarea, select');
    if (first) { first.focus(); if (first.select && first.tagName === 'INPUT') { first.select(); } }
  }

  function complain(err) {
    var flags = document.getElementById('flags');
    var p = document.createElement('p');
    p.className = 'flag flag-error';
    p.setAttribute('role', 'alert');
    p.textContent = err.message;
    flags.prepend(p);
    window.setTimeout(function () { p.remove(); }, 8000);
  }

  // handle follows a form in a box. done gets what the site answers.
  function handle(box, done, cancel) {
    box.addEventListener('submit', function (event) {
      event.preventDefault();
      if (box.hasAttribute('aria-busy')) { return; } // a second Enter is not a second issue
      var form = event.target;
      var data = new FormData(form, event.submitter);
      box.setAttribute('aria-busy', 'true');
      var body = form.enctype === 'multipart/form-data' ? data : new URLSearchParams(data);
      fragment(form.getAttribute('action'), { method: 'POST', body: body }).then(function (got) {
        if (got.done) { done(got.done); } else { put(box, got.html); }
      }).catch(complain).then(function () { box.removeAttribute('aria-busy'); });
    });
    box.addEventListener('change', function (event) {
      if (!event.target.matches('[data-reload]')) { return; }
      var query = new URLSearchParams(new FormData(event.target.form));
      if (event.target.name === 'project') { query.delete('issuetype'); }
      fragment('/create?' + query).then(function (got) { put(box, got.html); box.querySelector('#' + event.target.id).focus(); }).catch(complain);
    });
    box.addEventListener('click', function (event) {
      if (event.target.closest('[data-cancel]')) { event.preventDefault(); cancel(); }
    });
  }

  function openDialog(path, finished) {
    return fragment(path).then(function (got) {
      var dialog = document.createElement('dialog');
      dialog.className = 'dialog dialog-medium form-dialog';
      var box = document.createElement('div');
      box.className = 'dialog-form';
      dialog.append(box);
      document.body.append(dialog);
      var made = null;
      dialog.addEventListener('close', function () { dialog.remove(); finished(made); });
      handle(box, function (answer) { made = answer; dialog.close(); }, function () { dialog.close(); });
      dialog.showModal();
      put(box, got.html);
    });
  }

  // after shows what a form has done: the page it belongs to is refreshed, and an issue that is new or has moved is shown.
  function after(answer) {
    if (!answer) { return; }
    var issue = document.querySelector('[data-issue]');
    var here = issue && issue.dataset.issue;
    if (here && answer.location === '/browse/' + here) { refresh(); return; }
    location.assign(answer.location);
  }

  function created(answer) {
    if (!answer || !answer.issue) { return; }
    var flag = document.createElement('section');
    flag.className = 'flag flag-success';
    flag.setAttribute('role', 'status');
    var link = document.createElement('a');
    link.href = answer.location;
    link.textContent = answer.issue.key + ' ' + answer.issue.summary;
    flag.append('Created ', link);
    document.getElementById('flags').prepend(flag);
    window.setTimeout(function () { flag.remove(); }, 8000);
    refresh();
  }

  function editHere(link) {
    var name = link.dataset.inline;
    var place = name ? document.getElementById(name) : link.closest('[data-value]');
    var before = Array.from(place.childNodes);
    var box = document.createElement('div');
    box.className = 'inline-form';
    place.append(box); // a refresh leaves this part alone from now on
    function back() { place.replaceChildren.apply(place, before); if (!name) { place.querySelector('.edit-link').focus(); } }
    fragment(link.getAttribute('href')).then(function (got) {
      place.replaceChildren(box);
      put(box, got.html);
      function cancel() { back(); refresh(); }
      handle(box, function (answer) { back(); after(answer); }, cancel);
      box.addEventListener('keydown', function (event) { if (event.key === 'Escape') { event.stopPropagation(); cancel(); } });
    }).catch(function (err) { back(); complain(err); });
  }

  document.addEventListener('click', function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    var link = event.target.closest('a[data-inline], a[data-dialog], a[data-tab]');
    if (!link) { return; }
    event.preventDefault();
    if (link.hasAttribute('data-inline')) {
      editHere(link);
    } else if (link.hasAttribute('data-tab')) {
      window.history.replaceState(null, '', link.href);
      refresh(link.href).then(function () { document.querySelector('[data-tab][aria-current]').focus(); });
    } else {
      var menu = link.closest('details.menu');
      if (menu) { menu.open = false; }
      openDialog(link.getAttribute('href'), link.getAttribute('href').indexOf('/create') === 0 ? created : after).catch(complain);
    }
  });

  // Small forms of the page: they are sent and the page is refreshed. Confirmation has been asked for by then.
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || !form.matches('[data-form]') || form.closest('.dialog-form, .inline-form, .form-page')) { return; }
    event.preventDefault();
    var data = new FormData(form, event.submitter);
    fragment(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(data) }).then(function (got) {
      if (!got.done) { throw new Error(new DOMParser().parseFromString(got.html, 'text/html').querySelector('[role=alert]').textContent); }
      form.reset();
      after(got.done);
    }).catch(complain);
  });

  document.addEventListener('submit', function (event) {
    if (!event.target.matches('[data-columns]')) { return; }
    event.preventDefault();
    var names = Array.from(event.target.querySelectorAll(':checked')).map(function (box) { return box.value; });
    location.assign(location.pathname + '?' + new URLSearchParams({ jql: event.target.elements.jql.value, columns: names.join(',') }));
  });

  // ---- boxes that offer what to type

  // offer shows what may be typed. What is picked stays picked when the offers after the next letter come in late.
  function offer(input, list, choose) {
    var shown = input.nextElementSibling;
    var at = shown && shown.matches('.offers') && shown.querySelector('[aria-selected=true]');
    var picked = at ? at.textContent : null;
    close(input);
    if (!list.length) { return; }
    var ul = document.createElement('ul');
    ul.className = 'offers';
    ul.setAttribute('role', 'listbox');
    list.forEach(function (item) {
      var li = document.createElement('li');
      li.setAttribute('role', 'option');
      li.textContent = item.text;
      if (item.note) { var small = document.createElement('small'); small.textContent = ' ' + item.note; li.append(small); }
      if (li.textContent === picked) { li.setAttribute('aria-selected', 'true'); }
      li.addEventListener('mousedown', function (event) { event.preventDefault(); close(input); choose(item); });
      ul.append(li);
    });
    input.after(ul);
    input.setAttribute('aria-expanded', 'true');
  }

  function close(input) {
    var next = input.nextElementSibling;
    if (next && next.matches('.offers')) { next.remove(); }
    input.setAttribute('aria-expanded', 'false');
  }

  function choosePicked(input) {
    return function (item) {
      input.value = item.text;
      var hidden = input.parentElement.querySelector('input[type=hidden]');
      if (hidden) { hidden.value = item.id; }
    };
  }

  document.addEventListener('input', function (event) {
    var input = event.target;
    if (input.matches('[data-suggest]')) {
      var hidden = input.parentElement.querySelector('input[type=hidden]');
      if (hidden) { hidden.value = ''; }
      var typed = input.value;
      if (!typed) { close(input); return; }
      fetch('/suggest/' + input.dataset.suggest + '?q=' + encodeURIComponent(typed)).then(function (a) { return a.json(); }).then(function (list) {
        if (input.value === typed) { offer(input, list, choosePicked(input)); }
      });
    } else if (input.matches('[data-jql]')) {
      complete(input);
    }
  });

  document.addEventListener('keydown', function (event) {
    var input = event.target;
    var list = input.matches && input.matches('[role=combobox]') && input.nextElementSibling;
    if (!list || !list.matches('.offers')) { return; }
    var items = Array.from(list.children);
    var at = items.findIndex(function (li) { return li.getAttribute('aria-selected') === 'true'; });
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (at >= 0) { items[at].removeAttribute('aria-selected'); }
      items[(at + (event.key === 'ArrowDown' ? 1 : items.length - (at < 0 ? 0 : 1))) % items.length].setAttribute('aria-selected', 'true');
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      items[at].dispatchEvent(new MouseEvent('mousedown', { cancelable: true }));
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close(input);
    }
  }, true);

  document.addEventListener('focusout', function (event) { if (event.target.matches('[role=combobox]')) { close(event.target); } });

  // JQL: after a field its operators, otherwise fields, functions and words that begin so.
  var reference = null;
  function complete(input) {
    reference = reference || fetch('/rest/api/3/jql/autocompletedata').then(function (a) { return a.ok ? a.json() : { visibleFieldNames: [], visibleFunctionNames: [] }; });
    reference.then(function (known) {
      var text = input.value.slice(0, input.selectionStart);
      var word = /[\w.\[\]]*$/.exec(text)[0];
      var before = text.slice(0, text.length - word.length).trimEnd();
      var field = known.visibleFieldNames.find(function (f) { return before.toLowerCase().endsWith(f.value.toLowerCase()) && /(^|[\s(])$/.test(before.slice(0, before.length - f.value.length)); });
      var values;
      if (field && text.endsWith(' ')) {
        values = field.operators;
      } else if (!word) {
        values = [];
      } else if (/[=~<>,(]$|\bin$/i.test(before)) {
        values = known.visibleFunctionNames.map(function (f) { return f.value; });
      } else {
        values = known.visibleFieldNames.map(function (f) { return f.value; }).concat(['AND', 'OR', 'NOT', 'ORDER BY']);
      }
      var list = values.filter(function (v) { return v.replace(/^"/, '').toLowerCase().indexOf(word.toLowerCase()) === 0; }).slice(0, 12);
      offer(input, list.map(function (v) { return { text: v }; }), function (item) {
        var start = text.length - word.length;
        input.setRangeText(item.text + ' ', start, text.length, 'end');
        complete(input);
      });
    });
  }

  window.sandboxPage = { refresh: refresh, openDialog: openDialog, created: created };
})();
