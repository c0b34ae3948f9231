<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/history">
<html lang="en" xml:lang="en">
<head>
<title>Played - icecast-lb</title>
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
<li class="active"><a href="/played.xsl" aria-current="page">Played</a></li>
<li><a href="/server_version.xsl">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></nav>
</header>
<main>
<h2>Played lately</h2>
<xsl:if test="not(source/played)"><div class="roundbox empty"><p>No title is known yet.</p></div></xsl:if>
<xsl:for-each select="source[played]">
<article class="roundbox">
<div class="mounthead"><h3 class="mount" dir="auto"><xsl:choose>
<xsl:when test="string(server_name) and server_name != 'Unspecified name'"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise></xsl:choose></h3></div>
<table class="played"><thead><tr><th scope="col">Played @</th><th scope="col">Song Title</th></tr></thead>
<tbody>
<xsl:for-each select="played">
<tr><td><xsl:value-of select="clock"/></td><td dir="auto"><xsl:value-of select="title"/></td></tr>
</xsl:for-each>
</tbody></table>
</article>
</xsl:for-each>
</main>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
