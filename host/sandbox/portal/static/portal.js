// The forms of the portal with apps on them: before a form is sent, the apps say whether what was written in their frames will
// do, and which properties of the issue shall keep it. AP.jiraServiceDesk is how they say so.
(function () {
  'use strict';
  var host = window.connectHost;
  var patience = 2000; // for an app that says nothing: most have nothing to say
  var waiting = null; // what is asked just now: {answered: function (addonKey, value)}

  function RequestProperties(callback) {
    this.addonKey = callback._context.extension.addon_key;
  }
  RequestProperties.prototype.serialize = function serialize(properties, callback) {
    if (waiting && waiting.what === 'serialize') { waiting.answered(callback._context.extension.addon_key, properties || {}); }
  };
  RequestProperties.prototype.validate = function validate(valid, callback) {
    if (waiting && waiting.what === 'validate') { waiting.answered(callback._context.extension.addon_key, valid !== false); }
  };
  host.defineModule('jiraServiceDesk', {
    RequestProperties: {
      constructor: RequestProperties,
      serialize: RequestProperties.prototype.serialize,
      validate: RequestProperties.prototype.validate
    }
  });

  // ask tells the apps of an event, and waits for what each says.
  function ask(what, apps) {
    return new Promise(function (resolve) {
      var answers = {};
      var timer = window.setTimeout(done, patience);
      function done() {
        window.clearTimeout(timer);
        waiting = null;
        resolve(answers);
      }
      waiting = {
        what: what,
        answered: function (addonKey, value) {
          answers[addonKey] = value;
          if (apps.every(function (key) { return key in answers; })) { done(); }
        }
      };
      apps.forEach(function (key) {
        host.broadcastEvent('jira-servicedesk-request-properties-' + what, { addon_key: key }, {});
      });
    });
  }

  var form = document.querySelector('[data-request-form]');
  if (!form) { return; }
  var apps = Array.from(form.querySelectorAll('[data-property-panel]')).map(function (el) { return el.dataset.propertyPanel; });
  if (!apps.length) { return; }
  var button = form.querySelector('button[type=submit]');
  var problem = form.querySelector('[data-panel-problem]');

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    button.disabled = true;
    problem.hidden = true;
    ask('validate', apps).then(function (valid) {
      var wrong = apps.filter(function (key) { return valid[key] === false; });
      if (wrong.length) {
        button.disabled = false;
        problem.textContent = 'Please look at what is marked above.';
        problem.hidden = false;
        return;
      }
      return ask('serialize', apps).then(function (properties) {
        Object.keys(properties).forEach(function (app) {
          Object.keys(properties[app]).forEach(function (key) {
            var input = document.createElement('input');
            input.type = 'hidden';
            input.name = 'property:' + key;
            input.value = JSON.stringify(properties[app][key]);
            form.append(input);
          });
        });
        form.submit();
      });
    });
  });
})();
