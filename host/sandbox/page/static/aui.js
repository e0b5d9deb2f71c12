// connect-host.js looks for jQuery under this name before it does anything else.
window.AJS = { $: window.jQuery };
