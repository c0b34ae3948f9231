<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="no" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Status - icecast-lb</title>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="description" content="The streams of this server, and what plays."/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul>
<li class="active"><a href="/status.xsl" aria-current="page">On air</a></li>
<li><a href="/played.xsl">Played</a></li>
<li><a href="/server_version.xsl">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></nav>
</header>
<main>
<h2>On the air</h2>
<xsl:if test="not(source)"><div class="roundbox empty"><p>No stream is on the air just now.</p></div></xsl:if>
<xsl:for-each select="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<xsl:choose>
<xsl:when test="string(listeners)">
<article class="roundbox">
<div class="mounthead">
<h3 class="mount" dir="auto"><xsl:call-template name="heading"/></h3>
<div class="right"><xsl:call-template name="playlists"><xsl:with-param name="path" select="$path"/></xsl:call-template></div>
</div>
<xsl:if test="string(server_description) and server_description != 'Unspecified description'"><p class="about" dir="auto"><xsl:value-of select="server_description"/></p></xsl:if>
<xsl:if test="string(artist) or string(title)"><p class="playing" dir="auto"><xsl:call-template name="playing"/></p></xsl:if>
<xsl:if test="not(authenticator)"><xsl:call-template name="player"><xsl:with-param name="path" select="$path"/></xsl:call-template></xsl:if>
<ul class="facts">
<li><xsl:call-template name="count"><xsl:with-param name="number" select="listeners"/></xsl:call-template></li>
<xsl:if test="string(server_type)"><li><xsl:call-template name="format"/></li></xsl:if>
<xsl:if test="string(bitrate) or string(*[name() = 'ice-bitrate'])"><li><xsl:call-template name="rate"/></li></xsl:if>
<xsl:if test="string(genre) and genre != 'various'"><li dir="auto"><xsl:value-of select="genre"/></li></xsl:if>
<xsl:if test="not(stream_start)"><li><xsl:choose><xsl:when test="on_demand = 1">plays on demand</xsl:when><xsl:otherwise>its fallback plays</xsl:otherwise></xsl:choose></li></xsl:if>
</ul>
<details><summary>Details</summary>
<table class="yellowkeys"><tbody>
<xsl:if test="server_name"><tr><td>Stream Name:</td><td><xsl:value-of select="server_name"/></td></tr></xsl:if>
<xsl:if test="server_description"><tr><td>Stream Description:</td><td><xsl:value-of select="server_description"/></td></tr></xsl:if>
<xsl:if test="server_type"><tr><td>Content Type:</td><td><xsl:value-of select="server_type"/></td></tr></xsl:if>
<xsl:if test="stream_start"><tr><td>Stream started:</td><td class="streamstats"><xsl:value-of select="stream_start"/></td></tr></xsl:if>
<xsl:if test="bitrate"><tr><td>Bitrate:</td><td class="streamstats"><xsl:value-of select="bitrate"/></td></tr></xsl:if>
<xsl:if test="quality"><tr><td>Quality:</td><td class="streamstats"><xsl:value-of select="quality"/></td></tr></xsl:if>
<xsl:if test="video_quality"><tr><td>Video Quality:</td><td class="streamstats"><xsl:value-of select="video_quality"/></td></tr></xsl:if>
<xsl:if test="frame_size"><tr><td>Framesize:</td><td class="streamstats"><xsl:value-of select="frame_size"/></td></tr></xsl:if>
<xsl:if test="frame_rate"><tr><td>Framerate:</td><td class="streamstats"><xsl:value-of select="frame_rate"/></td></tr></xsl:if>
<xsl:if test="listeners"><tr><td>Listeners (current):</td><td class="streamstats"><xsl:value-of select="listeners"/></td></tr></xsl:if>
<xsl:if test="listener_peak"><tr><td>Listeners (peak):</td><td class="streamstats"><xsl:value-of select="listener_peak"/></td></tr></xsl:if>
<xsl:if test="genre"><tr><td>Genre:</td><td class="streamstats"><xsl:value-of select="genre"/></td></tr></xsl:if>
<xsl:if test="starts-with(server_url, 'http://') or starts-with(server_url, 'https://')"><tr><td>Stream URL:</td><td class="streamstats"><a href="{server_url}" rel="noopener noreferrer"><xsl:value-of select="server_url"/></a></td></tr></xsl:if>
<xsl:if test="listenurl"><tr><td>Listen URL:</td><td><code><xsl:value-of select="listenurl"/></code></td></tr></xsl:if>
<tr><td>Currently playing:</td><td class="streamstats"><xsl:call-template name="playing"/></td></tr>
</tbody></table>
</details>
</article>
</xsl:when>
<xsl:otherwise><div class="roundbox empty"><h3 class="mount"><xsl:value-of select="@mount"/> - Not Connected</h3></div></xsl:otherwise>
</xsl:choose>
</xsl:for-each>
</main>
<footer id="footer"><xsl:value-of select="server_id"/></footer>
</body>
</html>
</xsl:template>

<!-- The name and below it the mount; or the mount alone. -->
<xsl:template name="heading">
<xsl:variable name="name"><xsl:call-template name="name"/></xsl:variable>
<xsl:choose>
<xsl:when test="$name = @mount"><xsl:value-of select="concat('Mount Point ', @mount)"/></xsl:when>
<xsl:otherwise><xsl:value-of select="$name"/><small><xsl:value-of select="concat('Mount Point ', @mount)"/></small></xsl:otherwise>
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

<!-- "1 listener", "2 listeners". -->
<xsl:template name="count">
<xsl:param name="number"/>
<xsl:param name="word" select="'listener'"/>
<xsl:value-of select="concat($number, ' ', $word)"/><xsl:if test="$number != 1">s</xsl:if>
</xsl:template>

<!-- What the format is called. -->
<xsl:template name="format">
<xsl:choose>
<xsl:when test="server_type = 'audio/mpeg'">MP3</xsl:when>
<xsl:when test="server_type = 'audio/aac' or server_type = 'audio/aacp'">AAC</xsl:when>
<xsl:when test="server_type = 'application/ogg' or server_type = 'audio/ogg' or server_type = 'video/ogg'">Ogg<xsl:if test="string(subtype)"><xsl:text> </xsl:text><xsl:value-of select="subtype"/></xsl:if></xsl:when>
<xsl:when test="server_type = 'audio/webm' or server_type = 'video/webm'">WebM</xsl:when>
<xsl:otherwise><xsl:value-of select="server_type"/></xsl:otherwise>
</xsl:choose>
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
<xsl:if test="string(player_url)"><li><a class="play listen" href="/listen{$path}" aria-label="Listen to {$name}">Listen</a></li></xsl:if>
<xsl:if test="string(hls_url)"><li><a class="play" target="_blank" href="{$path}/live.m3u8" aria-label="HLS playlist of {$name}">HLS</a></li></xsl:if>
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
</xsl:stylesheet>
