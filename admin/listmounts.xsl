<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Mountpoints - icecast-lb</title>
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
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="listmounts.xsl" aria-current="page">Mounts</a></li></ul></nav>
</header>
<main>
<h2>Active Mountpoints</h2>
<xsl:if test="not(source)"><div class="roundbox empty"><p>No source is connected.</p></div></xsl:if>
<xsl:for-each select="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<article class="roundbox">
<div class="mounthead">
<h3 class="mount">Mountpoint <xsl:value-of select="@mount"/></h3>
<div class="right"><xsl:call-template name="playlists"><xsl:with-param name="path" select="$path"/></xsl:call-template></div>
</div>
<ul class="facts">
<li><xsl:call-template name="count"><xsl:with-param name="number" select="listeners"/></xsl:call-template></li>
<xsl:if test="content-type"><li><xsl:value-of select="content-type"/></li></xsl:if>
<xsl:if test="Connected"><li>connected for <xsl:call-template name="duration"><xsl:with-param name="seconds" select="Connected"/></xsl:call-template></li></xsl:if>
<xsl:if test="string(fallback)"><li>fallback <code><xsl:value-of select="fallback"/></code></li></xsl:if>
</ul>
<ul class="nav">
<li><a href="listclients.xsl?mount={$path}">List Clients</a></li>
<li><a href="moveclients.xsl?mount={$path}">Move Listeners</a></li>
<li><a href="updatemetadata.xsl?mount={$path}">Update Metadata</a></li>
<xsl:if test="authenticator"><li><a href="manageauth.xsl?mount={$path}">Manage Authentication</a></li></xsl:if>
<li><details class="confirm danger"><summary>Kill Source</summary>
<form class="sure" method="post" action="killsource.xsl"><p><input type="hidden" name="mount" value="{@mount}"/>Disconnect this source? <button type="submit">Kill Source</button></p></form>
</details></li>
</ul>
</article>
</xsl:for-each>
</main>
</body>
</html>
</xsl:template>

<!-- What people call the stream; encoders that were told no name leave Icecast's words. -->
<xsl:template name="name">
<xsl:choose>
<xsl:when test="string(server_name) and server_name != 'Unspecified name'"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- "1 listener", "2 listeners". -->
<xsl:template name="count">
<xsl:param name="number"/>
<xsl:param name="word" select="'listener'"/>
<xsl:value-of select="concat($number, ' ', $word)"/><xsl:if test="$number != 1">s</xsl:if>
</xsl:template>

<!-- Playlists for players, or the way to them. -->
<xsl:template name="playlists">
<xsl:param name="path"/>
<xsl:variable name="name"><xsl:call-template name="name"/></xsl:variable>
<xsl:choose>
<xsl:when test="authenticator"><a class="auth" href="/auth.xsl" aria-label="Login for {$name}">Login</a></xsl:when>
<xsl:otherwise><ul class="mountlist">
<li><a class="play" target="_blank" href="{$path}.m3u" aria-label="M3U playlist of {$name}">M3U</a></li>
<li><a class="play" target="_blank" href="{$path}.xspf" aria-label="XSPF playlist of {$name}">XSPF</a></li>
<li><a class="play" target="_blank" href="{$path}.vclt" aria-label="VCLT playlist of {$name}">VCLT</a></li>
</ul></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- A mount name as it stands in a URL. -->
<xsl:template name="encoded">
<xsl:param name="text" select="@mount"/>
<xsl:choose>
<xsl:when test="function-available('str:encode-uri') and function-available('str:replace')"><xsl:value-of select="str:replace(str:encode-uri($text, true()), '%2F', '/')"/></xsl:when>
<xsl:otherwise><xsl:value-of select="$text"/></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- Seconds as "2 d 3 h", "3 h 4 min", "4 min 5 s", "5 s". -->
<xsl:template name="duration">
<xsl:param name="seconds"/>
<xsl:variable name="minutes" select="floor($seconds div 60)"/>
<xsl:variable name="hours" select="floor($minutes div 60)"/>
<xsl:choose>
<xsl:when test="$hours &gt;= 24"><xsl:value-of select="concat(floor($hours div 24), ' d ', $hours mod 24, ' h')"/></xsl:when>
<xsl:when test="$hours &gt;= 1"><xsl:value-of select="concat($hours, ' h ', $minutes mod 60, ' min')"/></xsl:when>
<xsl:when test="$minutes &gt;= 1"><xsl:value-of select="concat($minutes, ' min ', $seconds mod 60, ' s')"/></xsl:when>
<xsl:otherwise><xsl:value-of select="concat($seconds, ' s')"/></xsl:otherwise>
</xsl:choose>
</xsl:template>
</xsl:stylesheet>
