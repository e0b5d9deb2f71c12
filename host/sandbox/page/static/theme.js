// Before the first paint: visitors who have not chosen a colour mode get their system's.
(function () {
  'use strict';
  var root = document.documentElement;
  if (root.hasAttribute('data-mode-auto') && window.matchMedia('(prefers-color-scheme: dark)').matches) {
    root.setAttribute('data-color-mode', 'dark');
  }
})();
