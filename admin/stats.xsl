<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Administration - icecast-lb</title>
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
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="stats.xsl" aria-current="page">On air</a></li></ul></nav>
</header>
<main>
<h2>Global Server Stats</h2>
<section class="roundbox">
<ul class="tiles">
<xsl:for-each select="listeners | sources | clients | connections">
<xsl:sort data-type="number" select="string-length(substring-before(' listeners sources clients connections ', concat(' ', name(), ' ')))"/>
<li><strong><xsl:value-of select="."/></strong><xsl:text> </xsl:text><xsl:value-of select="name()"/></li>
</xsl:for-each>
</ul>
<details><summary>All values</summary>
<table class="yellowkeys"><tbody>
<xsl:for-each select="*[name() != 'source']">
<tr><th scope="row"><xsl:value-of select="name()"/></th><td><xsl:value-of select="."/></td></tr>
</xsl:for-each>
</tbody></table>
</details>
</section>
<h2>Active Mountpoints</h2>
<xsl:if test="not(source[string(listeners)])"><div class="roundbox empty"><p>No source is connected.</p></div></xsl:if>
<xsl:for-each select="source[string(listeners)]">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<article class="roundbox">
<div class="mounthead">
<h3 class="mount" dir="auto"><xsl:call-template name="heading"/></h3>
<div class="right"><xsl:call-template name="playlists"><xsl:with-param name="path" select="$path"/></xsl:call-template></div>
</div>
<xsl:choose>
<xsl:when test="stream_start or on_demand">
<ul class="nav">
<li><a href="listclients.xsl?mount={$path}">List Clients</a></li>
<li><a href="moveclients.xsl?mount={$path}">Move Listeners</a></li>
<li><a href="updatemetadata.xsl?mount={$path}">Update Metadata</a></li>
<xsl:if test="authenticator"><li><a href="manageauth.xsl?mount={$path}">Manage Authentication</a></li></xsl:if>
<li><details class="confirm danger"><summary>Kill Source</summary>
<form class="sure" method="post" action="killsource.xsl"><p><input type="hidden" name="mount" value="{@mount}"/>Disconnect this source? <button type="submit">Kill Source</button></p></form>
</details></li>
</ul>
<xsl:if test="string(artist) or string(title)"><p class="playing" dir="auto"><xsl:call-template name="playing"/></p></xsl:if>
<ul class="tiles">
<xsl:call-template name="tile"><xsl:with-param name="value" select="listeners"/><xsl:with-param name="word">listeners</xsl:with-param></xsl:call-template>
<xsl:call-template name="tile"><xsl:with-param name="value" select="listener_peak"/><xsl:with-param name="word">at the peak</xsl:with-param></xsl:call-template>
<xsl:call-template name="tile"><xsl:with-param name="value" select="max_listeners"/><xsl:with-param name="word">allowed</xsl:with-param></xsl:call-template>
<xsl:call-template name="tile"><xsl:with-param name="value" select="slow_listeners"/><xsl:with-param name="word">too slow</xsl:with-param></xsl:call-template>
<xsl:if test="string(bitrate) or string(*[name() = 'ice-bitrate'])"><xsl:call-template name="tile"><xsl:with-param name="value"><xsl:call-template name="rate"/></xsl:with-param><xsl:with-param name="word">bitrate</xsl:with-param></xsl:call-template></xsl:if>
</ul>
<xsl:if test="not(authenticator)"><xsl:call-template name="player"><xsl:with-param name="path" select="$path"/></xsl:call-template></xsl:if>
</xsl:when>
<xsl:otherwise><p class="about">Not connected: its fallback plays.</p></xsl:otherwise>
</xsl:choose>
<details><summary>All values</summary>
<table class="yellowkeys"><tbody>
<xsl:for-each select="*">
<tr><th scope="row"><xsl:value-of select="name()"/></th><td dir="auto"><xsl:value-of select="."/></td></tr>
</xsl:for-each>
</tbody></table>
</details>
</article>
</xsl:for-each>
</main>
<footer id="footer"><xsl:value-of select="server_id"/></footer>
</body>
</html>
</xsl:template>

<xsl:template name="tile">
<xsl:param name="value"/>
<xsl:param name="word"/>
<xsl:if test="string($value)"><li><strong><xsl:value-of select="$value"/></strong><xsl:text> </xsl:text><xsl:value-of select="$word"/></li></xsl:if>
</xsl:template>

<!-- The name and below it the mount; or the mount alone. -->
<xsl:template name="heading">
<xsl:variable name="name"><xsl:call-template name="name"/></xsl:variable>
<xsl:choose>
<xsl:when test="$name = @mount"><xsl:value-of select="concat('Mountpoint ', @mount)"/></xsl:when>
<xsl:otherwise><xsl:value-of select="$name"/><small><xsl:value-of select="concat('Mountpoint ', @mount)"/></small></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- What people call the stream; encoders that were told no name leave Icecast's words. -->
<xsl:template name="name">
<xsl:choose>
<xsl:when test="string(server_name) and server_name != 'Unspecified name'"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- What plays: "Artist - Title", or the one that is known. -->
<xsl:template name="playing">
<xsl:value-of select="artist"/><xsl:if test="string(artist) and string(title)"> - </xsl:if><xsl:value-of select="title"/>
</xsl:template>

<!-- The bitrate with its unit, if it is a number. -->
<xsl:template name="rate">
<xsl:variable name="rate"><xsl:choose>
<xsl:when test="string(bitrate)"><xsl:value-of select="bitrate"/></xsl:when>
<xsl:otherwise><xsl:value-of select="*[name() = 'ice-bitrate']"/></xsl:otherwise>
</xsl:choose></xsl:variable>
<xsl:value-of select="$rate"/><xsl:if test="number($rate) = number($rate)"> kbit/s</xsl:if>
</xsl:template>

<!-- A player that fetches nothing before it is asked to play.  The type of a relay that waits for
     somebody to listen is not known yet. -->
<xsl:template name="player">
<xsl:param name="path"/>
<xsl:variable name="label"><xsl:text>Player of </xsl:text><xsl:call-template name="name"/></xsl:variable>
<xsl:choose>
<xsl:when test="starts-with(server_type, 'video/')"><div class="audioplayer"><video controls="controls" preload="none" aria-label="{$label}" src="{$path}"></video></div></xsl:when>
<xsl:when test="string(hls_url)"><div class="audioplayer"><audio controls="controls" preload="none" aria-label="{$label}"><source src="{$path}"/><source src="{$path}/live.m3u8" type="application/vnd.apple.mpegurl"/></audio></div></xsl:when>
<xsl:when test="not(string(server_type)) or starts-with(server_type, 'audio/') or server_type = 'application/ogg'"><div class="audioplayer"><audio controls="controls" preload="none" aria-label="{$label}" src="{$path}"></audio></div></xsl:when>
</xsl:choose>
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
<xsl:if test="string(hls_url)"><li><a class="play" target="_blank" href="{$path}/live.m3u8" aria-label="HLS playlist of {$name}">HLS</a></li></xsl:if>
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
</xsl:stylesheet>
