// The page of the fake app in the browser tests: it uses the bridge as apps do, and reports what it got to its own server.
(function () {
  'use strict';
  function report(name, value) {
    fetch('/report', { method: 'POST', body: JSON.stringify({ name: name, value: value === undefined ? null : value }) });
  }
  window.addEventListener('error', function (e) { report('script error', e.message); });
  document.addEventListener('securitypolicyviolation', function (e) { report('policy violation', e.violatedDirective + ' ' + e.blockedURI); });

  AP.context.getToken(function (token) { report('token by callback', token); });
  AP.context.getToken().then(function (token) { report('token by promise', token); });
  AP.context.getContext(function (context) { report('context', context); });
  AP.user.getCurrentUser(function (user) { report('user', user.atlassianAccountId); });
  AP.getLocation(function (location) { report('location', location); });

  AP.request('/rest/api/3/issue/OPS-1?fields=summary').then(function (answer) { report('request by promise', JSON.parse(answer.body).fields.summary); });
  AP.request({
    url: '/rest/api/3/issue/OPS-999',
    success: function () { report('request by callback', 'success'); },
    error: function (xhr) { report('request by callback', xhr.status + ' ' + JSON.parse(xhr.responseText).errorMessages[0]); }
  });
  AP.request({
    url: '/rest/api/3/issue/OPS-1/properties/from.app', type: 'PUT', contentType: 'application/json', data: JSON.stringify({ n: 1 }),
    success: function (body, status, xhr) { report('request with a body', xhr.status + ' ' + xhr.getResponseHeader('X-Content-Type-Options')); }
  });
  AP.request('/rest/../sandbox/context-token', { type: 'POST', data: '{}' }).catch(function (e) { report('request beside /rest', e.err); });
  AP.request('https://example.com/rest/api/3/myself').catch(function (e) { report('request elsewhere', e.err); });

  AP.cookie.save('taste', 'lemon & salt', 1);
  AP.cookie.read('taste', function (value) { report('cookie', value); });

  AP.events.on('flag.action', function (data) { report('flag action', data.actionIdentifier); });
  AP.events.on('flag.close', function () { report('flag closed', true); });
  AP.flag.create({ title: 'Labels are ready', body: '<b>24 of them</b>', type: 'success', close: 'manual', actions: { undo: 'Undo' } });

  AP.theming.initializeTheming();
  function theme() {
    var root = document.documentElement;
    report('theme ' + root.dataset.colorMode, getComputedStyle(root).getPropertyValue('--ds-surface').trim());
  }
  var loaded = 0;
  new MutationObserver(function (list) {
    list.forEach(function (m) {
      m.addedNodes.forEach(function (node) {
        if (node.tagName === 'LINK') { loaded++; node.addEventListener('load', function () { if (--loaded === 0) { theme(); } }); }
      });
      if (m.attributeName === 'data-color-mode' && loaded === 0) { theme(); }
    });
  }).observe(document.documentElement, { attributes: true, childList: true, subtree: true });

  AP.events.on('test.resize', function (height) { AP.resize('100%', height); });
  AP.events.on('test.go', function (key) { AP.navigator.go('issue', { issueKey: key }); });
  AP.events.on('test.refresh', function (summary) {
    AP.request({
      url: '/rest/api/3/issue/OPS-2', type: 'PUT', contentType: 'application/json', data: JSON.stringify({ fields: { summary: summary } }),
      success: function () { AP.jira.refreshIssuePage(); }
    });
  });
  AP.events.on('test.create', function (params) {
    AP.jira.openCreateIssueDialog(function (issues) { report('created', issues.map(function (i) { return i.key + ' ' + i.summary; })); }, params);
  });
  AP.events.on('test.emit', function (text) { AP.events.emit('between.frames', { text: text, from: location.pathname }); });
  AP.events.on('between.frames', function (data) { report('event in ' + location.pathname, data.text + ' from ' + data.from); });
  AP.user.getTimeZone(function (zone) { report('time zone', zone); });
  AP.events.on('test.dialog', function () {
    AP.dialog.create({ key: 'dialog', header: 'Print labels', hint: 'On paper', chrome: true, customData: { copies: 2 } });
  });
  AP.events.on('dialog.close', function (data) { report('dialog closed', data); });
  AP.events.on('test.history', function () {
    AP.history.pushState('page-2');
    AP.history.getState('hash', function (state) { report('history', state); });
  });
  if (location.pathname === '/dialog') {
    AP.dialog.getCustomData(function (data) {
      report('dialog data', { data: data, key: new URLSearchParams(location.search).get('key') });
    });
    AP.events.on('test.close', function () { AP.dialog.close({ printed: true }); });
  }
  report('ready ' + location.pathname, location.search);
})();
