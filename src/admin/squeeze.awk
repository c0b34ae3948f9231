# What every viewer of the console loads, without what is there for those that read the source:
# indentation, comments, the spaces around signs, and the ends of lines where a sign does as well.
# Strings, templates and regular expressions are left as they are.
# Usage: awk -v sheet=1 -f squeeze.awk FILE     sheet: it is a style sheet
function squeezed(code) {
  gsub(/, /, ",", code); gsub(/: /, ":", code); gsub(/; /, ";", code); gsub(/ => /, "=>", code)
  gsub(/ [?][?] /, "??", code); gsub(/ [?] /, "?", code); gsub(/ : /, ":", code); gsub(/ :/, ":", code)
  gsub(/ [|][|] /, "||", code); gsub(/ && /, "\\&\\&", code)
  gsub(/ !== /, "!==", code); gsub(/ === /, "===", code); gsub(/ [+]= /, "+=", code); gsub(/ = /, "=", code)
  gsub(/ >= /, ">=", code); gsub(/ <= /, "<=", code); gsub(/ > /, ">", code); gsub(/ < /, "<", code)
  gsub(/ [*] /, "*", code); gsub(/ [(]/, "(", code); gsub(/[)] /, ")", code)
  gsub(/ [{]/, "{", code); gsub(/[{] /, "{", code); gsub(/ [}]/, "}", code); gsub(/[}] /, "}", code)
  gsub(/;[}]/, "}", code)
  if (code !~ /[+] ?[+]/) { gsub(/ [+]/, "+", code); gsub(/[+] /, "+", code) }
  if (code !~ /- ?-/) { gsub(/ -/, "-", code); gsub(/- /, "-", code) }
  return code
}
# A line with the half of a string keeps its end.
function put(line,    ends) {
  ends = sheet ? "[{};,]$" : "[{;,]$"
  printf "%s%s", line, open == "" && line ~ ends && gsub(/'/, "'", line) % 2 == 0 ? "" : "\n"
}
# Where in `text` the string or expression that begins with it ends; 0: behind this line.
function end_of(text, sign,    i, c, class) {
  for (i = 2; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c == "\\") { i++; continue }
    if (sign == "/" && c == "[") class = 1
    if (sign == "/" && c == "]") class = 0
    if (c == sign && !class) return i
  }
  return 0
}
{
  if (open == "") sub(/^ +/, "")
  if (open == "" && ($0 == "" || /^\/\/ / || /^\/\*.*\*\/$/)) next
}
sheet {
  if (!/"/) {
    gsub(/: /, ":"); gsub(/, /, ","); gsub(/; /, ";"); gsub(/ > /, ">")
    gsub(/ [{]/, "{"); gsub(/[{] /, "{"); gsub(/ [}]/, "}"); gsub(/;[}]/, "}")
  }
  put($0)
  next
}
# Signs of strings within strings.
/"'/ || /'"/ { put($0); next }
{
  rest = $0; out = ""
  while (rest != "") {
    if (open != "") {
      at = end_of("`" rest, "`") - 1
      if (at < 0) { out = out rest; rest = ""; break }
      out = out substr(rest, 1, at); rest = substr(rest, at + 1); open = ""
      continue
    }
    at = match(rest, /['"`\/]/)
    if (!at) { out = out squeezed(rest); rest = ""; break }
    sign = substr(rest, at, 1); code = substr(rest, 1, at - 1)
    if (sign == "/" && substr(rest, at, 2) == "//") { sub(/ +$/, "", code); out = out squeezed(code); rest = ""; break }
    out = out squeezed(code); rest = substr(rest, at)
    # A division stands behind a value.
    if (sign == "/" && (code ~ /[A-Za-z0-9_)\]] ?$/ || (code == "" && out ~ /[)\]]$/))) { out = out sign; rest = substr(rest, 2); if (out ~ / \/$/ && rest ~ /^ /) { out = substr(out, 1, length(out) - 2) "/"; rest = substr(rest, 2) } continue }
    at = end_of(rest, sign)
    if (!at && sign == "`") { open = sign; out = out rest; rest = ""; break }
    if (!at) at = length(rest)
    out = out substr(rest, 1, at); rest = substr(rest, at + 1)
  }
  put(out)
}
