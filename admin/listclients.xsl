<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Listeners of <xsl:value-of select="source/@mount"/> - icecast-lb</title>
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
<h2>Listener Stats</h2>
<xsl:for-each select="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<xsl:variable name="mount" select="@mount"/>
<section class="roundbox">
<h3 class="mount">Mountpoint <xsl:value-of select="@mount"/></h3>
<ul class="nav">
<li class="active"><a href="listclients.xsl?mount={$path}" aria-current="page">List Clients</a></li>
<li><a href="moveclients.xsl?mount={$path}">Move Listeners</a></li>
<li><a href="updatemetadata.xsl?mount={$path}">Update Metadata</a></li>
<xsl:if test="authenticator"><li><a href="manageauth.xsl?mount={$path}">Manage Authentication</a></li></xsl:if>
<li><details class="confirm danger"><summary>Kill Source</summary>
<form class="sure" method="post" action="killsource.xsl"><p><input type="hidden" name="mount" value="{@mount}"/>Disconnect this source? <button type="submit">Kill Source</button></p></form>
</details></li>
</ul>
<xsl:for-each select="missing"><p class="about">Node <xsl:value-of select="."/> has not told all its listeners.</p></xsl:for-each>
<xsl:choose>
<xsl:when test="listener[not(relay)]">
<p class="about"><xsl:call-template name="count"><xsl:with-param name="number" select="count(listener[not(relay)])"/></xsl:call-template></p>
<table class="colortable">
<thead><tr><th scope="col">IP</th><th scope="col">Connected</th><th scope="col">User Agent</th><th scope="col">Action</th></tr></thead>
<tbody>
<xsl:for-each select="listener[not(relay)]">
<tr>
<td class="short" data-label="IP"><xsl:value-of select="IP"/><xsl:if test="username"> (<xsl:value-of select="username"/>)</xsl:if></td>
<td class="short" data-label="Connected" title="{Connected} s"><xsl:call-template name="duration"><xsl:with-param name="seconds" select="Connected"/></xsl:call-template></td>
<td data-label="User Agent"><xsl:value-of select="UserAgent"/><xsl:if test="hls"> (HLS)</xsl:if><xsl:if test="node"> (<xsl:value-of select="node"/>)</xsl:if></td>
<td class="action"><details class="confirm danger"><summary aria-label="Kick listener {ID}">Kick</summary>
<form class="sure" method="post" action="killclient.xsl"><p><input type="hidden" name="mount" value="{$mount}"/><input type="hidden" name="id" value="{ID}"/>Disconnect? <button type="submit">Kick</button></p></form>
</details></td>
</tr>
</xsl:for-each>
</tbody>
</table>
</xsl:when>
<xsl:otherwise><p class="about">No listeners connected</p></xsl:otherwise>
</xsl:choose>
<xsl:if test="listener[relay]">
<h4>Servers that relay it</h4>
<p class="about">Each has listeners of its own, who are not counted here.</p>
<table class="colortable">
<thead><tr><th scope="col">IP</th><th scope="col">Connected</th><th scope="col">User Agent</th></tr></thead>
<tbody>
<xsl:for-each select="listener[relay]">
<tr>
<td class="short" data-label="IP"><xsl:value-of select="IP"/></td>
<td class="short" data-label="Connected" title="{Connected} s"><xsl:call-template name="duration"><xsl:with-param name="seconds" select="Connected"/></xsl:call-template></td>
<td data-label="User Agent"><xsl:value-of select="UserAgent"/></td>
</tr>
</xsl:for-each>
</tbody>
</table>
</xsl:if>
</section>
</xsl:for-each>
</main>
</body>
</html>
</xsl:template>

<!-- "1 listener", "2 listeners". -->
<xsl:template name="count">
<xsl:param name="number"/>
<xsl:param name="word" select="'listener'"/>
<xsl:value-of select="concat($number, ' ', $word)"/><xsl:if test="$number != 1">s</xsl:if>
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
