// The page of a stream: plays it, shows what plays, and comes back after a loss.  Without this file
// the page has the browser's own controls.
'use strict';
(() => {
  const page = document.querySelector('main');
  let audio = document.querySelector('audio');  // another one where the quality changes
  const by = id => document.getElementById(id);
  const logo = by('logo'), cover = document.createElement('img'), title = by('title'), said = by('said'), artist = by('artist'), status = by('status'), played = by('played');
  const text = page.dataset;
  const name = document.querySelector('h1').textContent;
  const POLL_MS = 5000, YOUNG_POLL_MS = 1000, STALLED_MS = 4000, LONGEST_WAIT_S = 10, SOON_WAIT_S = 1.5, SOON_MS = 20000, FIRST_WAIT_S = 0.5, PAUSED_MS = 10000, FRESH_MS = 12000, TITLE_MS = 250, CODER_MS = 10, MOST_TITLES = 20, MOST_SEAMS = 1000, TOLD_SEAMS = 8, NEAR_MS = 1500, TOLD_POLLS = 6;
  const ANSWER_MS = 4000, PAST_MS = 8000, EMPTY_MS = 300, LEAST_BURST_MS = 1000, EMPTY_TURNS = 2, REFILL_TURNS = 2, UNDATED_MS = 10000;
  const TITLES_BEFORE_MS = 7200000, TITLES_BEHIND_MS = 3600000, SAID_MS = 5000;
  const AHEAD_MS = 1500, MOST_BAR_S = 86400, CHOSEN_MS = 250;
  const BACK_MS = 30000, FAR_BACK_MS = 600000, LEAST_PAST_MS = 5000, REACH_EVERY_MS = 30000;

  const kept = (key, other) => {
    try {
      return localStorage.getItem('lb-player-' + key) ?? other;
    } catch {
      return other;  // storage is forbidden in this frame
    }
  };
  const keep = (key, value) => {
    try {
      localStorage.setItem('lb-player-' + key, value);
    } catch { /* then it is not kept */ }
  };
  // A node that is younger than the page is none that its policy names: the page is loaded again, once.
  document.addEventListener('securitypolicyviolation', event => {
    const [load] = performance.getEntriesByType('navigation');
    if (/^(media|connect)-src/.test(event.effectiveDirective) && load && load.type !== 'reload') location.reload();
  });
  const say = words => { if (status.textContent !== words) status.textContent = words; };

  // A connection that no answer comes over must not keep the stream from coming back.
  const ask = (address, ms = ANSWER_MS) => fetch(address, {credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout?.(ms)});

  // Playing: `wanted` is what the listener asked for, whatever the network does.
  // source: what is chosen; sounding: what is open.
  let wanted = false, wait = FIRST_WAIT_S, again = 0, closing = 0, source = '', sounding = '', moved = 0, position = 0;
  const button = by('play');

  // Where to begin, by an address that tells the time of what is heard.  base: of what is open.
  // reach: from when to when the stream can be heard, as it was said last.
  // timed: whether the stream has times; a young one has none yet; null: not known.
  // away: the server did not answer at all; off: it says that the stream is off the air.
  let place = null, base = null, reach = null, timed = null, away = false, off = false;
  async function ask_place(wall) {
    const of = source;
    if (timed === false && wall && !known_reach()) return null;
    try {
      const answer = await ask('/api/v1/now' + of + '/place' + (wall ? '?wall=' + Math.floor(wall) : '?young=1'));
      away = false;
      off = answer.status === 404 && !answer.headers.has('X-Reason');
      if (!answer.ok || of !== source) return null;
      const found = {...await answer.json(), of, since: performance.now()};
      if (found.wall_ms === null) return found.at === null ? null : found;
      reach = found;
      date_base(found);
      return found;
    } catch {
      away = true;
      return null;  // then without one
    }
  }
  // What was found before is there until then: the listener may press meanwhile.
  async function find_place(wall) {
    place = await ask_place(wall);
    return place !== null;
  }
  // What was open before its stream had times gets them from any place of that stream.
  const stream_of = place => place.at && place.at.split('.')[0];
  function date_base(found) {
    if (base && base.wall_ms === null && stream_of(base) === stream_of(found)) base.wall_ms = found.wall_ms - (found.media_ms - base.media_ms);
  }
  const mount_of = path => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path;  // a name that is no UTF-8
    }
  };
  // aimed: what is heard next, while nothing is open or what is open has not begun; Infinity: live.
  let aimed = Infinity;
  // Unix milliseconds of what sounds now; of a stream without times, or in silence: all that is known.
  // Where another encoder goes on the time of day jumps, and what is heard does not.  The server tells
  // the last eight of them, and its recording all; what is heard has passed all since it began.
  let seams = [];
  const oldest_told = {};  // by stream: before it there may be others
  function heard() {
    if (!wanted) return Infinity;
    if (!audio.hasAttribute('src') || !base || base.first === null) return aimed;
    if (base.wall_ms === null) return Infinity;
    let at = base.wall_ms + (audio.currentTime - base.first) * 1000;
    for (const seam of seams)
      if (seam.of === base.of && base.wall_ms <= seam.after_wall_ms && at >= seam.after_wall_ms) at += seam.wall_ms - seam.after_wall_ms;
    return at;
  }

  function show() {
    button.textContent = wanted ? text.pause : text.play;
    page.classList.toggle('on', wanted);
    if ('mediaSession' in navigator) navigator.mediaSession.playbackState = wanted ? 'playing' : 'paused';
  }

  function close() {
    clearTimeout(again);
    clearTimeout(closing);
    again = closing = 0;
    take_choice();
    if (audio.hasAttribute('src')) aimed = heard();
    end(audio);
  }

  function open() {
    clearTimeout(again);
    clearTimeout(closing);
    again = closing = 0;
    take_choice();
    moved = performance.now();
    position = 0;
    opened = false;
    sounding = source;
    if (wait === FIRST_WAIT_S) say(text.connecting);
    const fresh = place && place.of === source && performance.now() - place.since < FRESH_MS;
    base = fresh ? {of: mount_of(source), at: place.at, media_ms: place.media_ms, wall_ms: place.wall_ms, first: null, opened: moved} : null;
    if (!fresh) aimed = Infinity;
    audio.src = fresh ? place.url : source;
    place = null;
    audio.play().catch(error => {
      if (error.name === 'NotAllowedError') stop();
      else if (error.name !== 'AbortError') lost();
    });
  }

  // An element that plays cannot say why there is nothing to play.
  let opened = false;
  async function say_why(unplayable) {
    try {
      const answer = await ask('/api/v1/now' + source + '/place?enter=1');
      if (!wanted || opened) return;
      if (answer.ok) return unplayable && say(text.format);
      const why = answer.headers.get('X-Reason');
      say({401: text.login, 403: why === 'full' ? text.full : text.closed, 404: why === 'no-times' ? text.lost : text.off, 503: text.busy}[answer.status] || text.lost);
    } catch { /* the network is away, as it says */ }
  }

  // On where it stopped, however often that fails; if it is there no more, live.
  let lost_at = null, lost_since = 0;
  function lost() {
    if (!wanted || again) return;
    if (lost_at === null) [lost_at, lost_since] = [heard(), performance.now()];
    // The byte of a place that was found seconds ago may be gone: then there is another one.
    const stale = base !== null && base.first === null && wait === FIRST_WAIT_S;
    const unplayable = audio.error && audio.error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED && !can_play(quality.selectedOptions[0]);
    close();
    if (!stale && !(unplayable && status.textContent === text.format)) say(text.lost);
    if (!stale && !opened) say_why(unplayable);
    again = setTimeout(come_back, stale ? 0 : wait * 1000);
    // A network that is away for seconds is waited for at short steps.
    wait = Math.min(wait * 2, performance.now() - lost_since < SOON_MS ? SOON_WAIT_S : LONGEST_WAIT_S);
  }
  async function come_back() {
    const mine = again;
    const known = Number.isFinite(lost_at), found = known && await find_place(lost_at);
    if (!found && !(known && away)) await find_place();
    if (again !== mine) return;
    if (known && away) {
      again = 0;
      return lost();
    }
    if (!found) aimed = Infinity;
    open();
  }
  addEventListener('online', () => {
    if (!again || lost_at === null) return;
    clearTimeout(again);
    come_back();
  });

  // The past: `stopped` is where it was paused for so long that it was closed.
  const past = by('past'), behind = by('behind'), resume = by('stopped');
  let stopped = null, missed = '';
  const clock = ms => {
    const s = Math.round(ms / 1000), two = n => String(n).padStart(2, '0');
    return s < 3600 ? Math.floor(s / 60) + ':' + two(s % 60) : Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
  };
  // What is newest and oldest now.  Without a recording there is a burst, which is no past worth offering.
  const known_reach = () => text.past !== '0' && reach && reach.recorded && reach.of === source;
  const newest = () => known_reach() ? reach.live_ms + performance.now() - reach.since : null;
  const oldest = () => known_reach() ? reach.oldest_ms : null;
  const is_there = row => row.wall_ms !== null && known_reach() && row.wall_ms > oldest() + 1000;
  function show_past() {
    const last = newest(), at = heard();
    past.hidden = last === null || last - oldest() < LEAST_PAST_MS;
    if (steps !== !past.hidden) offer_steps(!past.hidden);
    resume.hidden = past.hidden || wanted || stopped === null || stopped < oldest();
    const late = wanted && Number.isFinite(at) && last !== null ? last - at : 0;
    const text = late >= 1000 ? '−' + clock(late) : '';
    if (!dragged && behind.textContent !== text) behind.textContent = text;
    by('back').disabled = by('far').disabled = past.hidden || (wanted && at <= oldest() + 1000);
    if (!past.hidden && !dragged) show_bar(last, Number.isFinite(at) ? at : stopped || last);
  }
  // The keys of the lock screen: where there is no past, a step would interrupt what is live.
  let steps = null;
  function offer_steps(there) {
    steps = there;
    if (!('mediaSession' in navigator)) return;
    // seekto: seconds of the bar.
    const acts = {seekbackward: () => go_back(BACK_MS), seekforward: () => go_back(-BACK_MS), seekto: details => seek(begins + details.seekTime * 1000)};
    for (const [key, act] of Object.entries(acts)) navigator.mediaSession.setActionHandler(key, there ? act : null);
  }
  // From the oldest moment, a day at most, to now.
  const bar = by('bar');
  let dragged = false, begins = 0;
  const time_of_day = ms => new Date(ms).toLocaleTimeString(document.documentElement.lang, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
  function show_bar(last, at) {
    begins = Math.max(oldest(), last - MOST_BAR_S * 1000);
    bar.max = Math.max(1, Math.round((last - begins) / 1000));
    bar.value = Math.round((at - begins) / 1000);
    bar.setAttribute('aria-valuetext', time_of_day(at));
  }
  bar.addEventListener('input', () => {
    dragged = true;
    behind.textContent = time_of_day(begins + bar.valueAsNumber * 1000);
  });
  bar.addEventListener('change', () => {
    dragged = false;
    seek(begins + bar.valueAsNumber * 1000);
  });
  // What is let go where it was taken has not changed.
  for (const over of ['pointerup', 'pointercancel', 'keyup', 'blur']) addEventListener(over, () => setTimeout(() => { dragged = false; }), true);
  async function seek(wall) {
    const last = newest();
    const at = last === null ? null : Math.max(wall, oldest() + 1000);
    wanted = true;
    wait = FIRST_WAIT_S;
    stopped = lost_at = null;
    show();
    close();
    aimed = at !== null && at < last ? at : Infinity;
    say(text.connecting);
    const timer = again = setTimeout(() => {}, PAUSED_MS);  // nothing else opens it meanwhile
    const found = at !== null && at < last && await find_place(at), why = off ? text.off : text.gone;
    if (!found) await find_place();
    if (again !== timer || !wanted) return;
    if (away && Number.isFinite(at)) {
      again = 0;
      [lost_at, lost_since] = [at, performance.now()];
      return lost();
    }
    if (!found) aimed = Infinity;
    open();
    if (found || at === null || at >= last) return;
    say(missed = why);
    setTimeout(() => { if (missed === why && status.textContent === why) say(missed = ''); }, SAID_MS);
  }
  const go_back = ms => {
    const at = heard();
    if (ms < 0 && !(newest() - at > -ms / 2)) return;  // it is live, or nearly
    seek((Number.isFinite(at) ? at : newest() || 0) - ms);
  };
  by('back').addEventListener('click', () => go_back(BACK_MS));
  by('far').addEventListener('click', () => go_back(FAR_BACK_MS));
  by('live').addEventListener('click', () => seek(Infinity));
  by('resume').addEventListener('click', () => seek(stopped));
  setInterval(show_past, TITLE_MS);

  function start() {
    wanted = true;
    listen();
    wait = FIRST_WAIT_S;
    stopped = lost_at = null;
    show();
    if (audio.hasAttribute('src') && closing && sounding !== source) seek(heard());
    else if (audio.hasAttribute('src') && closing) {
      clearTimeout(closing);
      closing = 0;
      moved = performance.now();
      audio.play().catch(open);
    } else open();
  }

  function stop() {
    const at = lost_at ?? heard();
    wanted = false;
    clearTimeout(again);
    again = 0;
    audio.pause();
    clearTimeout(closing);
    closing = setTimeout(() => {
      closing = 0;
      stopped = Number.isFinite(at) ? at : null;
      close();
    }, PAUSED_MS);
    say('');
    show();
  }

  const toggle = () => wanted ? stop() : start();
  function listen_to(one) {
    for (const event of ['error', 'ended']) one.addEventListener(event, () => one === audio && one.hasAttribute('src') && lost());
    // The system pauses, too: headphones are pulled out, the telephone rings; and some go on by themselves.
    one.addEventListener('pause', () => { if (one === audio && wanted && !again && one.paused && !one.ended && one.hasAttribute('src')) stop(); });
    one.addEventListener('play', () => { if (one === audio && !wanted && !one.paused) start(); });
    // Some formats begin at their own time, not at 0.
    one.addEventListener('loadedmetadata', () => {
      if (one !== audio) return;
      if (base) base.first = one.currentTime;
      aimed = Infinity;
    });
    one.addEventListener('playing', () => {
      if (one !== audio) return;
      wait = FIRST_WAIT_S;
      lost_at = null;
      opened = true;
      if (!missed || status.textContent !== missed) say('');
    });
  }
  listen_to(audio);
  // WebKitGTK's position runs on where no bytes come, and what comes then is too late to be heard: it
  // begins again, a burst behind live.
  let empty = 0;
  const has_passed = last => Number.isFinite(heard()) && heard() > last - EMPTY_MS;
  async function refill() {
    empty = -REFILL_TURNS;
    const live = await ask_place();
    if (!live || live.wall_ms === null || !wanted || again || !has_passed(live.live_ms) || live.live_ms - live.wall_ms < LEAST_BURST_MS) return;
    close();
    place = live;
    open();
  }
  // A browser says nothing when bytes stop coming: its position does.
  setInterval(() => {
    const now = performance.now();
    empty = audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && audio.currentTime > position ? empty + 1 : Math.min(empty, 0);
    if (audio.currentTime !== position) {
      position = audio.currentTime;
      moved = now;
      if (empty >= EMPTY_TURNS && reach && reach.of === source && has_passed(reach.live_ms + now - reach.since)) refill();
    } else if (wanted && !again && now - moved > STALLED_MS) lost();
  }, 500);
  button.addEventListener('click', toggle);

  // Volume.  Some phones leave it to their own buttons: what is set does not stay.
  const volume = by('volume'), mute = by('mute');
  function set_volume(value, louder = true) {
    const percent = Math.max(0, Math.min(100, Math.round(value) || 0));
    volume.value = percent;
    audio.volume = percent / 100;
    if (percent > 0 && louder) set_mute(false);
    keep('volume', percent);
  }
  function set_mute(on) {
    audio.muted = on;
    mute.setAttribute('aria-pressed', on);
  }
  volume.addEventListener('input', () => set_volume(volume.valueAsNumber));
  mute.addEventListener('click', () => set_mute(!audio.muted));
  set_volume(Number(kept('volume', 100)));
  audio.volume = 0.5;
  by('loudness').hidden = audio.volume !== 0.5;
  set_volume(volume.valueAsNumber);

  // Quality: the one that was chosen before, else the first that this browser may play.
  const quality = by('quality'), streams = [...quality.options];
  const can_play = one => !one.dataset.type || audio.canPlayType(one.dataset.type);
  const chosen = streams.find(one => one.value === kept('quality', '')) ||
      streams.find(can_play) || streams[0];
  let changing = null, choosing = 0;
  quality.value = chosen.value;
  source = chosen.value;
  by('qualities').hidden = streams.length < 2;
  quality.addEventListener('change', () => {
    keep('quality', quality.value);
    give_up();
    if (wanted) {
      choosing = setTimeout(change, CHOSEN_MS);  // keys in a closed list choose all that they pass
      return;
    }
    source = quality.value;
    find_place();
  });
  const end = one => {
    one.removeAttribute('src');
    one.load();  // else its connection stays
  };
  function give_up() {
    clearTimeout(choosing);
    if (!changing) return;
    clearTimeout(changing.limit);
    end(changing.next);
    changing = null;
  }
  // What is opened anew is what was chosen last.
  function take_choice() {
    give_up();
    source = quality.value;
  }
  function change() {
    if (wanted && !audio.hasAttribute('src')) return seek(heard());
    source = quality.value;
    if (!wanted || sounding === source) return;
    if (Number.isFinite(heard())) change_at(heard() + AHEAD_MS);
    else open();
  }
  // The other stream from a moment that is about to be heard, in an element of its own: this one
  // plays on until then.
  async function change_at(wall) {
    const next = document.createElement('audio'), mine = changing = {next};
    const over = () => changing !== mine || !wanted;
    const from = await ask_place(wall);
    if (over()) return;
    if (!from) return open();
    let first = 0;
    next.preload = 'auto';
    mine.limit = setTimeout(() => wanted ? open() : give_up(), ANSWER_MS);
    next.addEventListener('loadedmetadata', () => { first = next.currentTime; }, {once: true});
    next.addEventListener('error', () => { if (!over()) open(); }, {once: true});
    next.addEventListener('canplay', () => {
      clearTimeout(mine.limit);
      const late = heard() - from.wall_ms;
      setTimeout(() => {
        if (changing === mine && !wanted) give_up();
        if (over()) return;
        changing = null;
        next.volume = audio.volume;
        next.muted = audio.muted;
        const behind = (heard() - from.wall_ms) / 1000;
        if (behind > 0.05) next.currentTime = first + behind;
        const before = audio;
        audio = next;
        sounding = from.of;
        audio.setAttribute('aria-label', name);
        base = {of: mount_of(from.of), wall_ms: from.wall_ms, first};
        moved = performance.now();
        listen_to(audio);
        before.replaceWith(audio);
        audio.hidden = true;
        audio.play().then(() => {
          end(before);
        }, lost);
      }, Math.max(0, -late));
    }, {once: true});
    next.src = from.url;
  }

  // The keyboard, where no control has a use of its own for the key.
  document.addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const control = event.target.closest('input, select, button, a, summary');
    if (event.key === ' ' && !control) toggle();
    else if (event.key === 'm' && !(control && control.matches('select'))) set_mute(!audio.muted);
    else if (/^Arrow(Left|Right)$/.test(event.key) && !(control && control.matches('input, select')))
      set_volume(volume.valueAsNumber + (event.key === 'ArrowRight' ? 5 : -5),
        event.key === 'ArrowRight');
    else return;
    event.preventDefault();
  });

  // The picture of a title, where it is not the station's, which is there already.
  function show_cover(path) {
    const wanted = path && !(logo && logo.getAttribute('src') === path) ? path : null;
    if (wanted === cover.getAttribute('src')) return;
    cover.hidden = true;
    if (wanted) { cover.src = wanted; title.before(cover); }
    else { cover.removeAttribute('src'); cover.remove(); }
  }
  cover.addEventListener('load', () => { cover.hidden = false; });
  cover.id = 'cover';
  cover.alt = '';
  const artwork = path => path ? [{src: new URL(path, location.href).href}] : logo ? [{src: logo.src}] : [];

  // To those that listen to the page: at most one title in five seconds, the newest one.
  let said_at = -SAID_MS, saying = 0;
  function say_title(words) {
    clearTimeout(saying);
    saying = setTimeout(() => {
      said_at = performance.now();
      said.textContent = words;
    }, Math.max(0, said_at + SAID_MS - performance.now()));
  }
  // What plays, and what has played: all of it is text, wherever it came from.
  function show_titles(rows) {
    const now = rows.length ? rows[0] : null;
    if (now && now.text) {
      if (title.textContent !== now.title) {
        title.textContent = now.title;
        say_title(now.text);
      }
      artist.textContent = now.artist || '';
    } else if (now && now.untitled) title.textContent = artist.textContent = '';
    const art = rows.length ? rows[0].art : null;
    show_cover(art);
    document.title = (now && now.text ? now.text + ' - ' : '') + name + ' - ' + text.page;
    if ('mediaSession' in navigator && 'MediaMetadata' in window)
      navigator.mediaSession.metadata = new MediaMetadata({title: title.textContent || name, artist: artist.textContent || name, album: name, artwork: artwork(art)});
    const before = rows.slice(1).filter(row => row.text);
    played.hidden = before.length === 0;
    played.querySelector('ol').replaceChildren(...before.map(row => {
      const item = document.createElement('li'), time = document.createElement('time');
      const song = document.createElement('span');
      if (row.wall_ms !== null) {
        time.dateTime = new Date(row.wall_ms).toISOString();
        time.textContent = new Date(row.wall_ms).toLocaleTimeString(
            document.documentElement.lang, {hour: '2-digit', minute: '2-digit'});
      }
      song.textContent = row.text;
      song.dir = 'auto';
      if (is_there(row)) {
        const jump = document.createElement('button');
        jump.type = 'button';
        jump.append(time);
        jump.addEventListener('click', () => seek(row.wall_ms));
        item.append(jump, song);
      } else item.append(time, song);
      return item;
    }));
  }
  // Those of the recording, around a moment that is heard and is older than all that are known; and
  // the seams of what is heard, which need not be the stream whose titles are told.
  let older = [], asked = null;
  async function ask_older(until) {
    const mine = asked = {of: source, from: Math.floor(until - TITLES_BEFORE_MS), to: Math.floor(until + TITLES_BEHIND_MS)};
    const recorded = async now => {
      const answer = await ask(now + '?from=' + mine.from + '&to=' + mine.to, PAST_MS);
      return answer.ok ? answer.json() : null;
    };
    try {
      const [heard, first] = await Promise.all([...new Set(['/api/v1/now' + source, text.now])].map(recorded));
      if (mine !== asked) return;
      hear_seams(heard.mount, heard.seams, true);
      older = [{text: '', wall_ms: mine.from, untitled: true}, ...(first || heard).titles].sort((a, b) => b.wall_ms - a.wall_ms);
      show_heard();
    } catch {
      setTimeout(() => { if (mine === asked) asked = null; }, POLL_MS);
    }
  }
  function with_older(until) {
    const oldest = Math.min(...known.map(row => row.wall_ms ?? Infinity));
    const unseen = base && until < oldest_told[base.of];
    if (until > oldest && !unseen || !Number.isFinite(until) || !known_reach()) return known;
    if (!asked || asked.of !== source || until < asked.from || until > asked.to) ask_older(until);
    return [...known, ...older.filter(row => row.wall_ms < oldest)];
  }
  // A title is shown when it is heard: it is known before.
  let known = [], shown = '', due = 0;
  function show_heard() {
    // Nothing is heard: what was heard last stays.
    if (wanted && again) return;
    // What is open has no time yet, and gets one within seconds.
    if (wanted && base && (base.first === null || base.wall_ms === null && title.textContent) && performance.now() - base.opened < UNDATED_MS) return;
    // What coders add in front of the sound, less half a frame.
    const until = heard() - CODER_MS, all = with_older(until), next = Math.min(...all.map(row => row.wall_ms).filter(ms => ms > until)) - until;
    clearTimeout(due);
    if (next < TITLE_MS) due = setTimeout(show_heard, next);
    const rows = all.filter(row => row.wall_ms === null || row.wall_ms <= until).slice(0, MOST_TITLES + 1);
    const news = JSON.stringify(rows.map(row => [row, is_there(row)]));
    if (rows.length === 0 || news === shown) return;
    shown = news;
    show_titles(rows);
  }
  // The page may be opened before the stream begins, and be open when it ends.
  function show_air(on) {
    if (!on && (again || !wanted)) say(text.off);
    else if (on && !wanted && status.textContent === text.off) say('');
  }
  function take(now) {
    hear_seams(told = now.mount, now.seams);
    show_air(now.on_air);
    timed = now.live ? now.live.wall_ms !== null : null;
    // Without a title since the encoder of the last seam came.
    const seam = now.seams[now.seams.length - 1], since = seam && now.history.every(row => row.wall_ms !== null && row.wall_ms < seam.wall_ms) ? seam.wall_ms : null;
    known = [now.title || {text: '', wall_ms: since, untitled: now.on_air}, ...now.history];
    show_heard();
  }
  // While it plays the server tells; where it does not, it is asked.
  let events = null, looks = 0, on_air = false;
  // A stream that is back from its fallback may have no title, from this moment on.
  const untitled = () => ({text: '', wall_ms: reach && reach.of === source ? reach.live_ms + performance.now() - reach.since : null, untitled: true});
  function hear_title(told) {
    if (!told && !on_air) return;
    const now = told || untitled();
    known = [now, ...known.slice(known.length && known[0].text === now.text ? 1 : 0)].slice(0, MOST_TITLES);
    show_heard();
  }
  // told: the stream whose titles come, which need not be the one that is heard.
  let told = '';
  // The recording tells of the same ones, some milliseconds beside, and of all.
  function hear_seams(of, list, recorded) {
    if (!recorded && list.length >= TOLD_SEAMS) oldest_told[of] = list[0].after_wall_ms;
    for (const seam of list)
      if (!seams.some(one => one.of === of && Math.abs(one.after_wall_ms - seam.after_wall_ms) < NEAR_MS)) seams.push({...seam, of});
    seams = seams.sort((a, b) => a.after_wall_ms - b.after_wall_ms).slice(-MOST_SEAMS);
  }
  async function ask_seams() {
    const answer = await ask('/api/v1/now' + source + '?history=0');
    if (!answer.ok) return;
    const now = await answer.json();
    hear_seams(now.mount, now.seams);
  }
  function listen() {
    if (!wanted || events && events.readyState !== EventSource.CLOSED) return;
    events = new EventSource(text.now + '/events');
    const on = (kind, act) => events.addEventListener(kind, event => act(JSON.parse(event.data)));
    on('title', hear_title);
    on('air', now => { on_air = now.on_air; });
    on('seam', seam => hear_seams(told, [seam]));
    on('state', now => {
      on_air = now.on_air;
      if (now.title) hear_title(now.title);
      hear_seams(told = now.mount, now.seams);
    });
  }
  let turn = 0;
  async function look() {
    turn = 0;
    const seldom = looks++ % TOLD_POLLS === 0, undated = base !== null && base.wall_ms === null;
    if (!wanted && events) events = void events.close();
    else if (seldom || !events) listen();
    const hears = events && events.readyState === EventSource.OPEN && !again && timed !== false && !undated;
    try {
      const answer = hears && !seldom ? null : await ask(text.now + '?history=' + MOST_TITLES);
      if (!answer) show_heard();
      else if (answer.ok) {
        const now = await answer.json();
        take(now);
        if (wanted && told !== mount_of(source)) await ask_seams();
        if (!wanted && !document.hidden && now.live) await find_place();
        else if (wanted && (!reach || performance.now() - reach.since > REACH_EVERY_MS || undated)) await ask_place();
      } else if (answer.status === 404) show_air(false);
    } catch { /* the next one */ }
    turn = setTimeout(look, document.hidden && !wanted ? POLL_MS * 6 : timed === false || undated ? YOUNG_POLL_MS : POLL_MS);
  }
  // A listener that comes back to the page may press at once, and the place of half a minute ago is too old.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || wanted || !turn) return;
    clearTimeout(turn);
    look();
  });
  setInterval(show_heard, TITLE_MS);
  look();

  if ('mediaSession' in navigator) {
    navigator.mediaSession.setActionHandler('play', start);
    navigator.mediaSession.setActionHandler('pause', stop);
  }
  // Sharing: the system's own way, else the address to paste.
  const share = by('share'), address = location.origin + location.pathname;
  share.hidden = !navigator.share && !navigator.clipboard;
  share.addEventListener('click', async () => {
    try {
      if (navigator.share) await navigator.share({title: name, url: address});
      else {
        await navigator.clipboard.writeText(address);
        say(text.copied);
      }
    } catch { /* the listener has thought better of it */ }
  });
  let sleeping = 0;
  by('sleep').addEventListener('change', event => {
    clearTimeout(sleeping);
    const minutes = Number(event.target.value);
    if (minutes) sleeping = setTimeout(() => {
      event.target.value = '0';
      if (wanted) stop();
    }, minutes * 60000);
  });
  by('sleep').value = '0';
  by('extras').hidden = false;

  audio.controls = false;
  audio.hidden = true;
  close();
  by('controls').hidden = false;
  show();
})();
