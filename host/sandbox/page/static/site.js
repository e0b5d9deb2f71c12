// What every page of the sandbox needs: the colour mode switch, and menus that close.
(function () {
  'use strict';
  var root = document.documentElement;

  function showMode() {
    var dark = root.getAttribute('data-color-mode') === 'dark';
    document.querySelectorAll('[data-theme-switch]').forEach(function (button) {
      button.setAttribute('aria-pressed', String(dark));
      button.setAttribute('title', dark ? 'Switch to light mode' : 'Switch to dark mode');
    });
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-theme-switch]');
    if (button) {
      var mode = root.getAttribute('data-color-mode') === 'dark' ? 'light' : 'dark';
      root.setAttribute('data-color-mode', mode); // frames hear of it: the bridge watches this attribute
      root.removeAttribute('data-mode-auto');
      document.cookie = 'sandbox.theme=' + mode + '; path=/; max-age=31536000; samesite=lax';
      showMode();
    }
    document.querySelectorAll('details.menu[open]').forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
  });

  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') { return; }
    document.querySelectorAll('details.menu[open]').forEach(function (menu) {
      menu.open = false;
      menu.querySelector('summary').focus();
    });
  });

  // One click opens one menu.
  document.querySelectorAll('details.menu').forEach(function (menu) {
    menu.addEventListener('toggle', function () {
      if (!menu.open) { return; }
      document.querySelectorAll('details.menu[open]').forEach(function (other) {
        if (other !== menu) { other.open = false; }
      });
    });
  });

  // Destructive buttons ask first.
  document.addEventListener('submit', function (event) {
    var question = event.target.getAttribute('data-confirm');
    if (question && !window.confirm(question)) { event.preventDefault(); }
  });

  showMode();
})();
