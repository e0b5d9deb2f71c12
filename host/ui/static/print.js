// A figure on paper has the size that its plugin asked for. A style sheet cannot read it from the page.
const paper = (on) => {
  for (const el of document.querySelectorAll('[data-print-mm]')) {
    el.style.width = on ? el.dataset.printMm + 'mm' : '';
    el.style.height = on ? 'auto' : '';
  }
};
addEventListener('beforeprint', () => paper(true));
addEventListener('afterprint', () => paper(false));
