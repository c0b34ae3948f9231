# What every viewer of the console loads, without what is there for those that read the source:
# indentation, empty lines, lines that are a comment, and the spaces around signs.  A line of a
# script that has anything but plain strings of '…' is left as it is, and so is what is in these.
# Usage: awk -v sheet=1 -f squeeze.awk FILE     sheet: it is a style sheet
{
  sub(/^ +/, "")
  if ($0 == "" || /^\/\/ / || /^\/\*.*\*\/$/) next
}
sheet {
  if (!/"/) {
    gsub(/: /, ":"); gsub(/, /, ","); gsub(/; /, ";"); gsub(/ > /, ">")
    gsub(/ [{]/, "{"); gsub(/[{] /, "{"); gsub(/ [}]/, "}")
  }
  print
  next
}
{
  quotes = gsub(/'/, "'")
  plain = quotes % 2 == 0 && !/["`]|\\'/
  n = split($0, part, "'")
  # A regular expression, a division, a comment.
  for (i = 1; i <= n; i += 2) if (part[i] ~ /\//) plain = 0
  if (!plain) { print; next }
  out = ""
  for (i = 1; i <= n; i++) {
    if (i % 2) {
      gsub(/, /, ",", part[i]); gsub(/: /, ":", part[i]); gsub(/; /, ";", part[i]); gsub(/ => /, "=>", part[i])
      gsub(/ = /, "=", part[i]); gsub(/ === /, "===", part[i]); gsub(/ && /, "\\&\\&", part[i]); gsub(/ [|][|] /, "||", part[i])
      gsub(/ [?] /, "?", part[i]); gsub(/ : /, ":", part[i]); gsub(/ [+] $/, "+", part[i]); if (part[i] ~ /^ [+] [^+]/) part[i] = "+" substr(part[i], 4)
      gsub(/ [{]/, "{", part[i]); gsub(/[{] /, "{", part[i]); gsub(/ [}]/, "}", part[i]); gsub(/[)] /, ")", part[i])
    }
    out = out (i > 1 ? "'" : "") part[i]
  }
  print out
}
