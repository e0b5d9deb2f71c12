// The app's half of what Atlassian's all.js has beyond the published bridge. Outside a frame of the sandbox it does nothing.
(function () {
  'use strict';
  var AP = window.AP;
  if (!AP || typeof AP._sandboxRequest !== 'function') {
    return;
  }

  // The short names that the documentation uses.
  AP.getLocation = AP.env.getLocation;
  AP.sizeToParent = AP.env.sizeToParent;
  AP.hideFooter = AP.env.hideFooter;

  // AP.request. The bridge cannot carry functions, so the success and error callbacks that apps pass in the options stay on
  // this side; from the host comes one answer, {ok, body, err, xhr}.

  function rehydrate(xhr) {
    var headers = xhr.headers || {};
    xhr.getResponseHeader = function (name) {
      var value = headers[String(name).toLowerCase()];
      return value === undefined ? null : value;
    };
    xhr.getAllResponseHeaders = function () {
      return Object.keys(headers).map(function (k) { return k + ': ' + headers[k]; }).join('\r\n');
    };
    return xhr;
  }

  AP.request = function (url, options) {
    var given = typeof url === 'object' ? url : Object.assign({}, options, { url: url });
    var plain = {};
    Object.keys(given).forEach(function (k) {
      if (typeof given[k] !== 'function') { plain[k] = given[k]; }
    });
    return new Promise(function (resolve, reject) {
      AP._sandboxRequest(plain, function (answer) {
        var xhr = rehydrate(answer.xhr);
        if (answer.ok) {
          if (given.success) { given.success(answer.body, 'success', xhr); }
          resolve({ body: answer.body, xhr: xhr });
          return;
        }
        if (given.error) {
          given.error(xhr, 'error', answer.err);
          return; // an app that passed a callback expects no rejection
        }
        reject({ xhr: xhr, err: answer.err });
      });
    });
  };

  // The callback of AP.jira.openCreateIssueDialog comes first; the bridge wants it last.
  if (AP.jira) {
    AP.jira.openCreateIssueDialog = function (callback, params) {
      AP.jira._sandboxCreateIssue(params || {}, function (issues) { if (typeof callback === 'function') { callback(issues); } });
    };
  }
})();
