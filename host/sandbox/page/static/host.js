// The host's half of the Connect bridge: what Jira adds to connect-host.js, and the frames of this page.
//
// Functions that apps call are named functions with plain parameters: the bridge reads their parameter lists. The last
// parameter is always the callback, and its _context says which frame called.
(function () {
  'use strict';
  var host = window.connectHost;
  var account = document.body.dataset.account;
  var timeZone = document.body.dataset.timeZone || 'Etc/UTC';

  // ---- small things

  function element(tag, className, text) {
    var el = document.createElement(tag);
    if (className) { el.className = className; }
    if (text !== undefined) { el.textContent = text; }
    return el;
  }

  function caller(callback) { return callback._context.extension; }

  // where is the surrounding of a frame, as the server wants it.
  function where(extension) {
    var at = extension.options.productContext || {};
    var params = {};
    Object.keys(at).forEach(function (name) {
      if (name.indexOf('ac.') === 0) { params[name.slice(3)] = String(at[name]); }
    });
    return { app: extension.addon_key, module: extension.key, issue: at['issue.id'] || '', project: at['project.id'] || '',
      desk: at['servicedesk.serviceDeskId'] || '', requestType: at['servicedesk.requestTypeId'] || '', params: params };
  }

  function post(path, body) {
    return fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), credentials: 'same-origin'
    }).then(function (response) {
      return response.json().then(function (answer) {
        if (!response.ok) { throw new Error((answer.errorMessages || [answer.message || response.statusText]).join(' ')); }
        return answer;
      });
    });
  }

  function promised(fn) { fn.returnsPromise = true; return fn; }

  // ---- flags and messages

  var drawFlag = window.sandboxFlag;

  var messages = {};
  function message(type) {
    return function (title, body, options) {
      var id = options.id;
      messages[id] = { flag: drawFlag({
        type: type, title: title, body: body, close: options.fadeout ? 'auto' : 'manual',
        onClose: function () { if (messages[id] && messages[id].onClose) { messages[id].onClose(); } delete messages[id]; }
      }) };
    };
  }
  var messageProvider = {
    generic: message('info'), info: message('info'), hint: message('info'),
    success: message('success'), warning: message('warning'), error: message('error'),
    clear: function (id) { if (messages[id]) { messages[id].flag.close(); } },
    onClose: function (id, callback) { if (messages[id]) { messages[id].onClose = callback; } }
  };

  // ---- dialogs

  var open = null; // the dialog on the screen: one at a time, as in Jira

  function button(action) {
    var el = element('button', action.type === 'primary' || action.identifier === 'submit' ? 'primary' : '', action.text);
    el.type = 'button';
    el.dataset.identifier = action.identifier;
    el.disabled = Boolean(action.disabled);
    el.hidden = Boolean(action.hidden);
    el.addEventListener('click', function () {
      action.onClick();
      if (action.identifier === 'cancel') { dialogProvider.close(); }
    });
    return el;
  }

  function findButton(identifier) {
    return open && Array.from(open.el.querySelectorAll('footer button')).find(function (b) { return b.dataset.identifier === identifier; });
  }

  var dialogProvider = {
    create: function (options, extension) {
      if (open) { dialogProvider.close(); }
      var el = element('dialog', 'dialog dialog-' + (options.size || 'custom'));
      var body = element('div', 'dialog-body');
      if (options.chrome) {
        var header = element('header');
        header.append(element('h2', '', options.header || ''));
        el.append(header);
        el.setAttribute('aria-label', options.header || 'Dialog');
      }
      el.append(body);
      if (options.chrome) {
        var footer = element('footer');
        footer.append(element('span', 'hint', options.hint || ''));
        options.actions.forEach(function (action) { footer.append(button(action)); });
        el.append(footer);
      }
      if (!options.size) {
        el.style.width = options.width;
        el.style.height = options.height;
      }
      document.body.append(el);
      open = { el: el, addonKey: extension.addon_key, extension: null };
      var mine = open;
      el.addEventListener('cancel', function (event) {
        event.preventDefault();
        if (!extension.options.preventDialogCloseOnEscape) { dialogProvider.close(); }
      });
      el.showModal();
      var request = where({ addon_key: extension.addon_key, key: extension.key, options: extension.options });
      post('/sandbox/frame', request).then(function (frame) {
        if (open !== mine) { return; }
        Object.assign(frame.options, extension.options, { isDialog: true, dialogId: options.id, sandbox: frame.options.sandbox });
        place(body, frame);
      }).catch(function (err) {
        body.append(element('p', 'frame-problem', err.message));
      });
      return { close: dialogProvider.close };
    },
    close: function () {
      if (!open) { return; }
      var el = open.el;
      open = null;
      el.close();
      el.remove();
    },
    isActiveDialog: function (addonKey) { return Boolean(open) && open.addonKey === addonKey; },
    setButtonDisabled: function (identifier, disabled) { var b = findButton(identifier); if (b) { b.disabled = disabled; } },
    isButtonDisabled: function (identifier) { var b = findButton(identifier); return b ? b.disabled : true; },
    toggleButton: function (identifier) { var b = findButton(identifier); if (b) { b.disabled = !b.disabled; } },
    setButtonHidden: function (identifier, hidden) { var b = findButton(identifier); if (b) { b.hidden = hidden; } },
    isButtonHidden: function (identifier) { var b = findButton(identifier); return b ? b.hidden : true; },
    createButton: function (action) { if (open) { open.el.querySelector('footer').append(button(action)); } }
  };

  function provide(name, provider) {
    host.getFrameworkAdaptor().registerModule({
      getModuleRegistrationName: function () { return name; },
      isEnabled: function () { return true; },
      getProvider: function () { return provider; }
    });
  }
  provide('flag', { create: drawFlag });
  provide('messages', messageProvider);
  provide('dialog', dialogProvider);
  provide('inlineDialog', { hide: function () {} });

  // ---- AP.context

  host.defineModule('context', {
    getToken: promised(function getToken(callback) {
      return post('/sandbox/context-token', where(caller(callback))).then(function (answer) { return answer.token; });
    }),
    getContext: promised(function getContext(callback) {
      var options = caller(callback).options;
      return Promise.resolve({
        jira: options.structuredContext && options.structuredContext.jira || {},
        license: { active: true },
        url: { displayUrl: location.origin, displayUrlServicedeskHelpCenter: location.origin }
      });
    })
  });

  // ---- AP.request: as the person in front of the screen

  host.defineModule({
    _sandboxRequest: function _sandboxRequest(options, callback) {
      options = options || {};
      var path = String(options.url || '');
      var target;
      try { target = new URL(path, location.origin); } catch (e) { target = null; }
      function failed(err) {
        callback({ ok: false, err: err, xhr: { status: 0, statusText: err, responseText: '', headers: {} } });
      }
      if (!target || target.origin !== location.origin || target.pathname.indexOf('/rest/') !== 0) {
        failed('AP.request reaches /rest of this site only');
        return;
      }
      var method = String(options.type || 'GET').toUpperCase();
      var headers = Object.assign({ Accept: 'application/json' }, options.headers);
      if (options.contentType) { headers['Content-Type'] = options.contentType; }
      var init = { method: method, headers: headers, credentials: 'same-origin' };
      if (options.data !== undefined && method !== 'GET' && method !== 'HEAD') {
        init.body = typeof options.data === 'string' ? options.data : JSON.stringify(options.data);
      } else if (options.data && typeof options.data === 'object') {
        Object.keys(options.data).forEach(function (k) { target.searchParams.append(k, options.data[k]); });
      }
      fetch(target, init).then(function (response) {
        return response.text().then(function (text) {
          var got = {};
          response.headers.forEach(function (value, name) { got[name] = value; });
          callback({
            ok: response.ok, body: text, err: response.ok ? '' : response.status + ' ' + response.statusText,
            xhr: { status: response.status, statusText: response.statusText, responseText: text, headers: got }
          });
        });
      }).catch(function (err) { failed(err.message); });
    }
  });

  // ---- AP.user, AP.cookie, AP.history, AP.navigator, AP.jira

  host.defineModule('user', {
    getCurrentUser: function getCurrentUser(callback) { callback({ atlassianAccountId: account }); },
    getTimeZone: function getTimeZone(callback) { callback(timeZone); },
    getLocale: function getLocale(callback) { callback('en_GB'); }
  });

  function cookieName(callback, name) { return encodeURIComponent(caller(callback).addon_key + '$$' + name); }
  host.defineModule('cookie', {
    save: function save(name, value, expires, callback) {
      var days = Number(expires) || 0;
      document.cookie = cookieName(callback, name) + '=' + encodeURIComponent(value) + '; path=/; samesite=lax' + (days ? '; max-age=' + days * 86400 : '');
    },
    read: function read(name, callback) {
      var prefix = cookieName(callback, name) + '=';
      var found = document.cookie.split('; ').find(function (c) { return c.indexOf(prefix) === 0; });
      callback(found === undefined ? undefined : decodeURIComponent(found.slice(prefix.length)));
    },
    erase: function erase(name, callback) { document.cookie = cookieName(callback, name) + '=; path=/; max-age=0'; }
  });

  function state() { return decodeURIComponent(location.hash.replace(/^#!?/, '')); }
  function hashOf(to) {
    var text = to && typeof to === 'object' ? to.hash || '' : String(to || '');
    return '#!' + encodeURIComponent(text.replace(/^#?!?/, ''));
  }
  host.defineModule('history', {
    pushState: function pushState(to) { window.history.pushState(null, '', hashOf(to)); },
    replaceState: function replaceState(to) { window.history.replaceState(null, '', hashOf(to)); },
    getState: function getState(type, callback) { callback(type === 'all' ? { hash: state() } : state()); },
    go: function go(delta) { window.history.go(Number(delta) || 0); },
    back: function back() { window.history.back(); },
    forward: function forward() { window.history.forward(); }
  });
  window.addEventListener('popstate', function () {
    host.broadcastEvent('history.popstate', {}, { newURL: state(), direction: 'unknown' });
  });

  function address(target, context) {
    context = context || {};
    var c = encodeURIComponent;
    switch (String(target).toLowerCase()) {
      case 'dashboard': return '/';
      case 'issue': return '/browse/' + c(context.issueKey);
      case 'projectsummary': case 'project': return '/projects/' + c(context.projectKey);
      case 'userprofile': return '/issues?jql=' + c('assignee = "' + context.userAccountId + '"');
      case 'projectadminsummary': return '/projects/' + c(context.projectKey) + '/settings';
      case 'projectadmintabpanel': return '/plugins/servlet/ac/' + c(context.addonKey) + '/' + c(context.moduleKey) + '?project.key=' + c(context.projectKey);
      case 'addonmodule':
        var custom = context.customData || context.context || {};
        var query = Object.keys(custom).map(function (k) { return 'ac.' + c(k) + '=' + c(custom[k]); }).join('&');
        if (context.projectKey) { query = 'project.key=' + c(context.projectKey) + (query ? '&' + query : ''); }
        if (context.issueKey) { query = 'issue.key=' + c(context.issueKey) + (query ? '&' + query : ''); }
        return '/plugins/servlet/ac/' + c(context.addonKey) + '/' + c(context.moduleKey) + (query ? '?' + query : '');
      case 'site':
        var relative = new URL(context.relativeUrl || '/', location.origin);
        return relative.origin === location.origin ? relative.pathname + relative.search + relative.hash : null;
      default: return null;
    }
  }
  host.defineModule('navigator', {
    go: function go(target, context) {
      var to = address(target, context);
      if (to === null) { console.error('AP.navigator.go: the sandbox does not know the target ' + target); return; }
      location.assign(to);
    },
    reload: function reload() { location.reload(); },
    getLocation: function getLocation(callback) { callback({ target: 'site', context: {}, href: location.href }); }
  });

  // What a dialog asks for new issues begins with: numbers and texts by the names that Jira takes.
  function presets(params) {
    var query = new URLSearchParams();
    if (params.pid) { query.set('project', params.pid); }
    if (params.issueType) { query.set('issuetype', params.issueType); }
    Object.keys(params.fields || {}).forEach(function (name) {
      [].concat(params.fields[name]).forEach(function (v) {
        query.append(name, v && typeof v === 'object' ? v.accountId || v.id || v.key || v.value || '' : v);
      });
    });
    return query;
  }

  host.defineModule('jira', {
    refreshIssuePage: function refreshIssuePage() { window.sandboxPage.refresh(); },
    _sandboxCreateIssue: function _sandboxCreateIssue(params, callback) {
      window.sandboxPage.openDialog('/create?' + presets(params || {}), function (answer) {
        window.sandboxPage.created(answer);
        callback(answer && answer.issue ? [answer.issue] : []);
      }).catch(function (err) {
        drawFlag({ type: 'error', title: 'The dialog cannot be opened', body: err.message });
        callback([]);
      });
    },
    isNativeApp: function isNativeApp(callback) { callback(false); }
  });

  // Web items that open dialogs.
  document.addEventListener('click', function (event) {
    var link = event.target.closest('a[data-app]');
    if (!link) { return; }
    event.preventDefault();
    var query = new URL(link.href).searchParams;
    var at = {};
    if (query.get('issue.key')) { at['issue.id'] = query.get('issue.key'); }
    if (query.get('project.key')) { at['project.id'] = query.get('project.key'); }
    host.dialog.create({ addon_key: link.dataset.app, key: link.dataset.module, options: { productContext: at } }, { header: link.firstChild.textContent, size: 'medium', chrome: true });
  });

  // A page that was asleep has frames with expired tokens: get new addresses for them. The bridge wants jQuery's promises.
  host.registerContentResolver.resolveByExtension(function (extension) {
    var result = window.jQuery.Deferred();
    post('/sandbox/frame', where(extension)).then(result.resolve, function (err) { result.reject({}, { text: err.message }); });
    return result.promise();
  });

  // ---- the frames of this page

  function place(into, frame) {
    into.append(host.create(frame).get(0));
  }

  host.onIframeEstablished(function (data) {
    var el = document.getElementById(data.extension.id);
    var box = el && el.closest('.app-frame, .dialog-body');
    if (box) { box.dataset.established = 'true'; }
  });

  document.querySelectorAll('.app-frame[data-frame]').forEach(function (box) {
    place(box, JSON.parse(box.dataset.frame));
    var name = box.getAttribute('aria-label');
    var iframe = box.querySelector('iframe');
    if (iframe && name) { iframe.title = name; }
  });
})();
