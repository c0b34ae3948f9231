<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Move the listeners of <xsl:value-of select="current_source"/> - icecast-lb</title>
<!-- By these words programs know the page. -->
<meta name="description" content="Icecast2 Admin"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="listmounts.xsl">Mounts</a></li></ul></nav>
</header>
<main>
<xsl:variable name="from" select="string(current_source)"/>
<h2>Moving listeners from <xsl:value-of select="$from"/></h2>
<xsl:if test="source"><p class="hint">They go on listening without a gap. These mounts have their format; a player cannot change to another.</p></xsl:if>
<xsl:if test="not(source)"><div class="roundbox empty"><p>There is no other mount of their format to move them to.</p></div></xsl:if>
<xsl:if test="source">
<section class="roundbox">
<h3>Move to which mountpoint?</h3>
<table class="colortable">
<thead><tr><th scope="col">Mountpoint</th><th scope="col">Listeners</th><th scope="col">Type</th><th scope="col">Action</th></tr></thead>
<tbody>
<xsl:for-each select="source">
<tr>
<td data-label="Mountpoint"><code><xsl:value-of select="@mount"/></code></td>
<td data-label="Listeners"><xsl:value-of select="listeners"/></td>
<td class="short" data-label="Type"><xsl:value-of select="content-type"/></td>
<td class="action"><details class="confirm"><summary aria-label="Move clients to {@mount}">Move clients</summary>
<form class="sure" method="post" action="moveclients.xsl"><p><input type="hidden" name="mount" value="{$from}"/><input type="hidden" name="destination" value="{@mount}"/>Move all of them? <button type="submit">Move clients</button></p></form>
</details></td>
</tr>
</xsl:for-each>
</tbody>
</table>
</section>
</xsl:if>
</main>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
