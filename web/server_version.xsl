<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Version - icecast-lb</title>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul>
<li><a href="/status.xsl">On air</a></li>
<li><a href="/played.xsl">Played</a></li>
<li class="active"><a href="/server_version.xsl" aria-current="page">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></nav>
</header>
<main>
<h2>Server Information</h2>
<div class="roundbox">
<table class="yellowkeys"><tbody>
<tr><th scope="row">Location</th><td dir="auto"><xsl:value-of select="location"/></td></tr>
<tr><th scope="row">Admin</th><td><xsl:value-of select="admin"/></td></tr>
<tr><th scope="row">Host</th><td><xsl:value-of select="host"/></td></tr>
<tr><th scope="row">Program</th><td>icecast-lb</td></tr>
<tr><th scope="row">Version</th><td><xsl:value-of select="server_id"/></td></tr>
<tr><th scope="row">Started</th><td><xsl:value-of select="server_start"/></td></tr>
</tbody></table>
</div>
</main>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
