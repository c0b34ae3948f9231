<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"/>

<xsl:template match="/icestats">
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">
<head>
<title>Icecast Streaming Media Server</title>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<div id="top">
<h1 id="header">Icecast2 Admin</h1>
<div id="menu"><ul>
<li class="active"><a href="stats.xsl">Admin Home</a></li>
<li><a href="listmounts.xsl">Mountpoint List</a></li>
<li><a href="/status.xsl">Public Home</a></li>
</ul></div>
</div>
<div class="roundbox">
<h3>Global Server Stats</h3>
<ul class="tiles">
<xsl:for-each select="listeners | sources | clients | connections">
<xsl:sort data-type="number" select="string-length(substring-before(' listeners sources clients connections ', concat(' ', name(), ' ')))"/>
<li><strong><xsl:value-of select="."/></strong><xsl:text> </xsl:text><xsl:value-of select="name()"/></li>
</xsl:for-each>
</ul>
<details><summary>All values</summary>
<table class="yellowkeys"><tbody>
<xsl:for-each select="*[name() != 'source']">
<tr><td><xsl:value-of select="name()"/></td><td><xsl:value-of select="."/></td></tr>
</xsl:for-each>
</tbody></table>
</details>
</div>
<xsl:if test="not(source[string(listeners)])"><div class="roundbox empty"><p>No source is connected.</p></div></xsl:if>
<xsl:for-each select="source[string(listeners)]">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<div class="roundbox">
<div class="mounthead">
<h3 class="mount"><small><xsl:value-of select="server_name"/></small>Mountpoint <xsl:value-of select="@mount"/></h3>
<div class="right">
<xsl:choose>
<xsl:when test="authenticator"><a class="auth" href="/auth.xsl">Login</a></xsl:when>
<xsl:otherwise><ul class="mountlist">
<li><a class="play" href="{$path}.m3u">M3U</a></li>
<li><a class="play" href="{$path}.xspf">XSPF</a></li>
<li><a class="play" href="{$path}.vclt">VCLT</a></li>
</ul></xsl:otherwise>
</xsl:choose>
</div>
</div>
<ul class="nav">
<li><a href="listclients.xsl?mount={$path}">List Clients</a></li>
<li><a href="moveclients.xsl?mount={$path}">Move Listeners</a></li>
<li><a href="updatemetadata.xsl?mount={$path}">Update Metadata</a></li>
<xsl:if test="authenticator"><li><a href="manageauth.xsl?mount={$path}">Manage Authentication</a></li></xsl:if>
<li><details><summary>Kill Source</summary>
<form class="sure" method="post" action="killsource.xsl"><p><input type="hidden" name="mount" value="{@mount}"/>Disconnect this source? <button class="danger" type="submit">Kill Source</button></p></form>
</details></li>
</ul>
<xsl:if test="string(title)"><p class="playing"><span class="label">Currently playing:</span><xsl:text> </xsl:text><span class="streamstats"><xsl:if test="string(artist)"><xsl:value-of select="artist"/> - </xsl:if><xsl:value-of select="title"/></span></p></xsl:if>
<ul class="tiles">
<xsl:for-each select="listeners | listener_peak | max_listeners | slow_listeners | bitrate | audio_bitrate">
<xsl:sort data-type="number" select="string-length(substring-before(' listeners listener_peak max_listeners slow_listeners bitrate audio_bitrate ', concat(' ', name(), ' ')))"/>
<li><strong><xsl:value-of select="."/></strong><xsl:text> </xsl:text><xsl:value-of select="translate(name(), '_', ' ')"/></li>
</xsl:for-each>
</ul>
<xsl:if test="not(authenticator)">
<xsl:choose>
<xsl:when test="starts-with(server_type, 'video/')"><div class="audioplayer"><video controls="controls" preload="none" src="{$path}"></video></div></xsl:when>
<xsl:when test="starts-with(server_type, 'audio/') or server_type = 'application/ogg'"><div class="audioplayer"><audio controls="controls" preload="none" src="{$path}"></audio></div></xsl:when>
</xsl:choose>
</xsl:if>
<details><summary>All values</summary>
<table class="yellowkeys"><tbody>
<xsl:for-each select="*">
<tr><td><xsl:value-of select="name()"/></td><td><xsl:value-of select="."/></td></tr>
</xsl:for-each>
</tbody></table>
</details>
</div>
</xsl:for-each>
<div id="footer"><xsl:value-of select="server_id"/></div>
</body>
</html>
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
