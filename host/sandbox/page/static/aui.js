// connect-host.js looks for jQuery under this name before it does anything else, and for the layer on top when Escape is pressed.
window.AJS = { $: window.jQuery, LayerManager: { global: { getTopLayer: function () { return null; } } } };
