#include "admin/page/player_texts.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lb {
namespace {

// Bounds the work that a long header causes.
constexpr std::size_t kMaxLanguages = 32;

constexpr auto kTexts = std::to_array<PlayerTexts>({
    {.language = "en",
     .page = "Listen",
     .play = "Play",
     .pause = "Pause",
     .mute = "Mute",
     .volume = "Volume",
     .quality = "Quality",
     .played = "Played before",
     .connecting = "Connecting …",
     .lost = "The connection was lost; trying again …",
     .format = "This browser cannot play this format.",
     .login = "This stream needs a login.",
     .off_air = "This stream is not on the air just now.",
     .closed = "This stream does not let you in.",
     .full = "All places are taken; trying again …",
     .busy = "The server takes no new listeners just now; trying again …",
     .playlist = "Open in a player",
     .keys = "Keys: space plays and pauses, ← → change the volume, m mutes.",
     .back = "30 seconds back",
     .far_back = "10 minutes back",
     .live = "Live",
     .resume = "Go on where it stopped",
     .gone = "That moment is not there any more; this is live.",
     .place = "Place in the recording",
     .share = "Share",
     .copied = "The address is copied.",
     .sleep = "Sleep timer",
     .never = "off",
     .minutes = "min"},
    {.language = "de",
     .page = "Hören",
     .play = "Abspielen",
     .pause = "Pause",
     .mute = "Stumm",
     .volume = "Lautstärke",
     .quality = "Qualität",
     .played = "Vorher gespielt",
     .connecting = "Verbindung wird aufgebaut …",
     .lost = "Die Verbindung ist abgebrochen; neuer Versuch …",
     .format = "Dieser Browser kann dieses Format nicht abspielen.",
     .login = "Dieser Stream verlangt eine Anmeldung.",
     .off_air = "Dieser Stream sendet gerade nicht.",
     .closed = "Dieser Stream lässt Sie nicht herein.",
     .full = "Alle Plätze sind belegt; neuer Versuch …",
     .busy = "Der Server nimmt gerade niemanden mehr auf; neuer Versuch …",
     .playlist = "Im Player öffnen",
     .keys = "Tasten: Leertaste startet und hält an, ← → ändern die Lautstärke, m schaltet stumm.",
     .back = "30 Sekunden zurück",
     .far_back = "10 Minuten zurück",
     .live = "Live",
     .resume = "Weiter, wo angehalten wurde",
     .gone = "Dieser Moment ist nicht mehr da; das ist live.",
     .place = "Stelle in der Aufnahme",
     .share = "Teilen",
     .copied = "Die Adresse ist kopiert.",
     .sleep = "Schlummertimer",
     .never = "aus",
     .minutes = "Min."},
    {.language = "fr",
     .page = "Écouter",
     .play = "Lecture",
     .pause = "Pause",
     .mute = "Muet",
     .volume = "Volume",
     .quality = "Qualité",
     .played = "Titres précédents",
     .connecting = "Connexion …",
     .lost = "La connexion est perdue ; nouvel essai …",
     .format = "Ce navigateur ne peut pas lire ce format.",
     .login = "Ce flux demande une identification.",
     .off_air = "Ce flux n’émet pas en ce moment.",
     .closed = "Ce flux ne vous laisse pas entrer.",
     .full = "Toutes les places sont prises ; nouvel essai …",
     .busy = "Le serveur n’accepte personne en ce moment ; nouvel essai …",
     .playlist = "Ouvrir dans un lecteur",
     .keys = "Touches : espace pour lecture et pause, ← → pour le volume, m pour couper le son.",
     .back = "30 secondes en arrière",
     .far_back = "10 minutes en arrière",
     .live = "Direct",
     .resume = "Reprendre où c’était arrêté",
     .gone = "Ce moment n’est plus disponible ; voici le direct.",
     .place = "Position dans l’enregistrement",
     .share = "Partager",
     .copied = "L’adresse est copiée.",
     .sleep = "Minuterie",
     .never = "non",
     .minutes = "min"},
    {.language = "es",
     .page = "Escuchar",
     .play = "Reproducir",
     .pause = "Pausa",
     .mute = "Silenciar",
     .volume = "Volumen",
     .quality = "Calidad",
     .played = "Antes sonó",
     .connecting = "Conectando …",
     .lost = "Se perdió la conexión; nuevo intento …",
     .format = "Este navegador no puede reproducir este formato.",
     .login = "Esta emisión pide una identificación.",
     .off_air = "Esta emisión no está en el aire en este momento.",
     .closed = "Esta emisión no le deja entrar.",
     .full = "Todas las plazas están ocupadas; nuevo intento …",
     .busy = "El servidor no admite a nadie en este momento; nuevo intento …",
     .playlist = "Abrir en un reproductor",
     .keys = "Teclas: espacio reproduce y pausa, ← → cambian el volumen, m silencia.",
     .back = "30 segundos atrás",
     .far_back = "10 minutos atrás",
     .live = "En directo",
     .resume = "Seguir donde se detuvo",
     .gone = "Ese momento ya no está; esto es en directo.",
     .place = "Punto de la grabación",
     .share = "Compartir",
     .copied = "La dirección está copiada.",
     .sleep = "Apagar en",
     .never = "no",
     .minutes = "min"},
    {.language = "pt",
     .page = "Ouvir",
     .play = "Reproduzir",
     .pause = "Pausa",
     .mute = "Silenciar",
     .volume = "Volume",
     .quality = "Qualidade",
     .played = "Tocou antes",
     .connecting = "A ligar …",
     .lost = "A ligação perdeu-se; nova tentativa …",
     .format = "Este navegador não consegue reproduzir este formato.",
     .login = "Esta emissão pede um início de sessão.",
     .off_air = "Esta emissão não está no ar neste momento.",
     .closed = "Esta emissão não o deixa entrar.",
     .full = "Todos os lugares estão ocupados; nova tentativa …",
     .busy = "O servidor não aceita ninguém neste momento; nova tentativa …",
     .playlist = "Abrir num leitor",
     .keys = "Teclas: espaço reproduz e pausa, ← → mudam o volume, m silencia.",
     .back = "30 segundos atrás",
     .far_back = "10 minutos atrás",
     .live = "Ao vivo",
     .resume = "Continuar onde parou",
     .gone = "Esse momento já não existe; isto é ao vivo.",
     .place = "Ponto da gravação",
     .share = "Partilhar",
     .copied = "O endereço foi copiado.",
     .sleep = "Desligar em",
     .never = "não",
     .minutes = "min"},
});

const PlayerTexts* texts_of(std::string_view tag) {
  const std::string_view language = tag.substr(0, tag.find('-'));
  const auto row = std::find_if(kTexts.begin(), kTexts.end(), [language](const PlayerTexts& one) {
    return iequals(one.language, language);
  });
  return row == kTexts.end() ? nullptr : &*row;
}

// "q=0.8" in thousandths; 0 if it is no quality.
unsigned quality_of(std::string_view parameter) {
  parameter = trim(parameter);
  if (!istarts_with(parameter, "q=")) return 0;
  parameter.remove_prefix(2);
  if (parameter.empty() || (parameter[0] != '0' && parameter[0] != '1')) return 0;
  if (parameter[0] == '1') return 1000;
  unsigned value = 0, digits = 0;
  for (const char c : parameter.substr(std::min<std::size_t>(parameter.size(), 2))) {
    if (c < '0' || c > '9' || ++digits > 3) return 0;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  for (; digits < 3; ++digits) value *= 10;
  return value;
}

}  // namespace

std::span<const PlayerTexts> player_texts() { return kTexts; }

const PlayerTexts& player_texts_for(std::string_view accept_language,
                                    std::span<const std::string> offered) {
  const auto is_offered = [&offered](const PlayerTexts& texts) {
    return offered.empty() || std::ranges::find(offered, texts.language) != offered.end();
  };
  const PlayerTexts* best = &kTexts.front();
  for (const std::string& language : offered)
    if (const PlayerTexts* texts = texts_of(language); texts != nullptr) {
      best = texts;
      break;
    }
  unsigned best_quality = 0;
  std::size_t seen = 0;
  while (!accept_language.empty() && ++seen <= kMaxLanguages) {
    const std::size_t end = accept_language.find(',');
    const std::string_view one = accept_language.substr(0, end);
    accept_language.remove_prefix(end == std::string_view::npos ? accept_language.size() : end + 1);
    const std::size_t split = one.find(';');
    const PlayerTexts* texts = texts_of(trim(one.substr(0, split)));
    if (texts == nullptr || !is_offered(*texts)) continue;
    const unsigned quality =
        split == std::string_view::npos ? 1000 : quality_of(one.substr(split + 1));
    if (quality <= best_quality) continue;
    best = texts;
    best_quality = quality;
  }
  return *best;
}

}  // namespace lb
