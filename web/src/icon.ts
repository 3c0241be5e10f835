const PATHS = {
  audio: '<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/>',
  audioOff: '<path d="M9 5.5V6m6 4V6a3 3 0 0 0-5.6-1.5M9 10v1a3 3 0 0 0 4.5 2.6M5 11a7 7 0 0 0 11 5.7M19 11a7 7 0 0 1-.6 2.8M12 18v3M4 3l16 18"/>',
  video: '<rect x="3" y="6" width="12" height="12" rx="2"/><path d="m15 11 6-4v10l-6-4"/>',
  videoOff: '<path d="M10 6h3a2 2 0 0 1 2 2v3l6-4v10l-2.500-1.700M15 17a2 2 0 0 1-1.500 1H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2M4 3l16 18"/>',
  screen: '<rect x="3" y="4" width="18" height="13" rx="2"/><path d="M8 21h8M12 14V8m-3 2.500L12 7.500l3 3"/>',
  screenOff: '<rect x="3" y="4" width="18" height="13" rx="2"/><path d="M8 21h8M9.500 8l5 5m0-5-5 5"/>',
  chat: '<path d="M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-9l-5 4v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Z"/>',
  leave: '<path d="M3 14c0-2 4-5 9-5s9 3 9 5v2l-5-1v-3a14 14 0 0 0-8 0v3l-5 1Z"/>',
};

export type IconName = keyof typeof PATHS;

/** A line drawing in the colour of the text around it. */
export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  svg.innerHTML = PATHS[name];
  return svg;
}
