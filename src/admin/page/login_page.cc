#include "admin/page/login_page.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "http/message.h"

namespace lb {
namespace {

constexpr std::string_view kAdminPages = "/admin/";
constexpr std::size_t kLongestWayBack = 1024;

// The words of the page, in English and in the other languages of the console.
constexpr std::array<std::string_view, 4> kLanguages = {"de", "fr", "es", "pt"};
struct LoginWords {
  std::string_view english;
  std::array<std::string_view, kLanguages.size()> others;
};
constexpr std::array kWords = {
    LoginWords{"Log in", {"Anmelden", "Connexion", "Iniciar sesión", "Entrar"}},
    LoginWords{"User", {"Benutzer", "Utilisateur", "Usuario", "Utilizador"}},
    LoginWords{"Password", {"Passwort", "Mot de passe", "Contraseña", "Palavra-passe"}},
    LoginWords{"Show the password",
               {"Passwort zeigen", "Afficher le mot de passe", "Mostrar la contraseña",
                "Mostrar a palavra-passe"}},
    LoginWords{"Public page",
               {"Öffentliche Seite", "Page publique", "Página pública", "Página pública"}},
    LoginWords{
        kWrongLoginText,
        {"Benutzername oder Passwort ist falsch", "Nom d’utilisateur ou mot de passe incorrect",
         "Usuario o contraseña incorrectos", "Utilizador ou palavra-passe incorretos"}},
    LoginWords{kLoggedOut,
               {"Sie sind abgemeldet.", "Vous êtes déconnecté.", "Ha cerrado la sesión.",
                "A sessão foi terminada."}},
    LoginWords{kSessionOver,
               {"Ihre Sitzung ist zu Ende. Bitte melden Sie sich wieder an.",
                "Votre session est terminée. Veuillez vous reconnecter.",
                "Su sesión ha terminado. Vuelva a iniciarla.",
                "A sua sessão terminou. Entre de novo, por favor."}},
};

// English: what has no words in that language.
std::string_view in_language(std::string_view english, std::string_view language) {
  const auto* const row =
      std::ranges::find_if(kWords, [&](const LoginWords& each) { return each.english == english; });
  const auto at = std::ranges::find(kLanguages, language);
  if (row == kWords.end() || at == kLanguages.end()) return english;
  return row->others[static_cast<std::size_t>(at - kLanguages.begin())];
}

std::string page_frame(std::string_view title, std::string_view more_head, std::string_view main,
                       std::string_view language = "en") {
  std::string out = cat({"<!DOCTYPE html>\n<html lang=\"", language,
                         "\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>"});
  out.append(title).append(
      " - icecast-lb</title>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
      "<meta name=\"robots\" content=\"noindex\"/>\n"
      "<link rel=\"stylesheet\" type=\"text/css\" href=\"/style.css\"/>\n"
      "<link rel=\"icon\" type=\"image/png\" href=\"/icecast.png\"/>\n");
  out.append(more_head).append(
      "</head>\n<body>\n<header id=\"top\">\n<h1 id=\"header\">icecast-lb</h1>\n"
      "<nav id=\"menu\" aria-label=\"Pages\"><ul><li><a href=\"/status.xsl\">");
  out.append(in_language("Public page", language))
      .append("</a></li></ul></nav>\n</header>\n<main>\n");
  return out.append(main).append("</main>\n</body>\n</html>\n");
}

std::string field(std::string_view label, std::string_view attributes) {
  std::string out = "<p><label>";
  return out.append(label).append("<input ").append(attributes).append("/></label></p>\n");
}

}  // namespace

std::string login_page(const LoginPage& page) {
  const auto said = [&page](std::string_view text) { return in_language(text, page.language); };
  std::string main = cat({"<h2>", said("Log in")});
  if (!page.server.empty()) main += cat({" <small>", html_escape(page.server), "</small>"});
  main += "</h2>\n";
  if (!page.message.empty())
    main += cat({"<div class=\"roundbox message\" role=\"", page.is_alert ? "alert" : "status",
                 "\"><p>", html_escape(said(page.message)), "</p></div>\n"});
  if (!page.takes_password)
    return page_frame(
        "Log in", "",
        main +
            "<div class=\"roundbox message\" role=\"alert\"><p>This page came over plain http, "
            "where others could read a password.</p><p>Open it by https (&lt;acme/&gt; in the "
            "configuration gets a certificate by itself), from its own network, or through a "
            "tunnel: <code>ssh -L 8000:localhost:PORT SERVER</code>, then "
            "http://localhost:8000/admin/.</p></div>\n");
  main +=
      cat({"<section class=\"roundbox\">\n"
           "<form class=\"alignedform\" method=\"post\" action=\"/admin/login\" data-show=\"",
           said("Show the password"), "\">\n"});
  main += field(said("User"),
                cat({"type=\"text\" name=\"user\" autocomplete=\"username\" autocapitalize="
                     "\"none\" spellcheck=\"false\" required=\"required\" maxlength=\"64\"",
                     page.user.empty() ? " autofocus=\"autofocus\"" : "", " value=\"",
                     html_escape(page.user), "\""}));
  main += field(said("Password"),
                cat({"type=\"password\" name=\"password\" autocomplete=\"current-password\" "
                     "required=\"required\" maxlength=\"512\"",
                     page.user.empty() ? "" : " autofocus=\"autofocus\""}));
  main +=
      cat({"<p><input type=\"hidden\" name=\"back\" value=\"", html_escape(page.back),
           "\"/><button type=\"submit\">", said("Log in"), "</button></p>\n</form>\n</section>\n"});
  return page_frame(said("Log in"), "<script src=\"/admin/login.js\" defer=\"defer\"></script>\n",
                    main, page.language);
}

std::string go_on_page(std::string_view to) {
  const std::string target = html_escape(to);
  return page_frame(
      "Logged in", cat({"<meta http-equiv=\"refresh\" content=\"0; url=", target, "\"/>\n"}),
      cat({"<h2>Logged in</h2>\n<div class=\"roundbox message\" role=\"status\"><p>You "
           "are logged in here. <a href=\"",
           target, "\">Go on</a></p></div>\n"}));
}

std::string handover_page(std::string_view origin, std::string_view token) {
  return page_frame(
      "To another node", "",
      cat({"<h2>To another node</h2>\n<section class=\"roundbox\">\n"
           "<p>Each node keeps its own logins. This button takes yours along to the "
           "other node, once and without the password.</p>\n"
           "<form class=\"alignedform\" method=\"post\" action=\"",
           html_escape(origin), "/admin/login\"><p><input type=\"hidden\" name=\"token\" value=\"",
           html_escape(token),
           "\"/><button type=\"submit\" autofocus=\"autofocus\">"
           "Go on to ",
           html_escape(origin), "</button></p></form>\n</section>\n"}));
}

std::string safe_way_back(std::string_view target) {
  const auto is_plain = [](char c) {
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
  };
  const bool safe = target.size() <= kLongestWayBack && target.starts_with('/') &&
                    !target.starts_with("//") &&
                    std::all_of(target.begin(), target.end(), is_plain);
  return std::string(safe ? target : kAdminPages);
}

}  // namespace lb
