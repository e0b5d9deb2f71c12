// The page of faults and limits: a form that shows what an effect needs, and tables that follow what happens.
(function () {
  'use strict';
  var form = document.querySelector('[data-fault-form]');
  var state = document.querySelector('[data-live-state]');
  var button = document.querySelector('[data-live-switch]');
  var every = 2000;
  var paused = false;

  function showFields() {
    var effect = form.elements.effect.value;
    form.querySelectorAll('[data-effects]').forEach(function (field) {
      field.hidden = field.getAttribute('data-effects').split(' ').indexOf(effect) < 0;
    });
    form.elements.reason.disabled = form.elements.status.value !== '429';
  }

  // Only what differs is replaced, and never what somebody's focus is in: a button must not vanish under a finger.
  function follow(text) {
    var next = new DOMParser().parseFromString(text, 'text/html');
    document.querySelectorAll('[data-live]').forEach(function (part) {
      var now = next.querySelector('[data-live="' + part.getAttribute('data-live') + '"]');
      if (now && now.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) { part.innerHTML = now.innerHTML; }
    });
  }

  function refresh() {
    if (paused || document.hidden) { return; }
    fetch('/admin/faults', { cache: 'no-store', redirect: 'error' }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.text();
    }).then(function (text) {
      if (paused) { return; }
      follow(text);
      state.textContent = 'live';
    }).catch(function () { state.textContent = 'the site does not answer'; });
  }

  button.hidden = false;
  button.addEventListener('click', function () {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
    state.textContent = paused ? 'paused' : 'live';
    refresh();
  });
  form.addEventListener('change', showFields);
  showFields();
  state.textContent = 'live';
  window.setInterval(refresh, every);
})();
