// The choice of a file: what it says goes into the text below it, which is sent as any other.
export function start(el) {
  el.removeAttribute('data-module'); // an element starts once
  el.hidden = false;
  const pick = el.querySelector('input'), said = el.querySelector('[role=status]');
  const text = document.getElementById(el.dataset.text);
  pick.addEventListener('change', async () => {
    const [file] = pick.files;
    if (!file) return;
    const max = Number(el.dataset.max);
    if (file.size > max) {
      pick.value = '';
      said.textContent = file.name + ' has more than ' + Math.floor(max / 1024) + ' KiB, which is no such file.';
      return;
    }
    text.value = await file.text();
    said.textContent = file.name + ' was read. Check it below.';
  });
}
