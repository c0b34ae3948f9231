<!-- What is recorded: all mounts, or one day of a mount. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml"
  xmlns:str="http://exslt.org/strings" exclude-result-prefixes="str">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Archive<xsl:if test="mount"> of <xsl:value-of select="mount"/></xsl:if> - icecast-lb</title>
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
<nav id="menu" aria-label="Pages"><ul class="navigation"><li class="active"><a href="archive.xsl"><xsl:if test="not(mount)"><xsl:attribute name="aria-current">page</xsl:attribute></xsl:if>Archive</a></li></ul></nav>
</header>
<main>
<h2>Archive</h2>
<xsl:for-each select="message"><div class="roundbox message" role="status"><p><xsl:value-of select="."/></p></div></xsl:for-each>
<xsl:choose>
<xsl:when test="not(archive) and not(source)"><div class="roundbox empty"><p>This server records nothing.</p></div></xsl:when>
<xsl:when test="not(source)"><div class="roundbox empty"><p>Nothing is recorded yet.</p></div></xsl:when>
<xsl:when test="mount"><xsl:apply-templates select="source" mode="day"/></xsl:when>
<xsl:otherwise><xsl:apply-templates select="source"/></xsl:otherwise>
</xsl:choose>
</main>
</body>
</html>
</xsl:template>

<!-- A mount among the others. -->
<xsl:template match="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<article class="roundbox">
<h3 class="mount">Mountpoint <xsl:value-of select="@mount"/></h3>
<ul class="facts">
<xsl:if test="size"><li><xsl:value-of select="size"/></li></xsl:if>
<xsl:if test="bitrate"><li><xsl:value-of select="bitrate"/> kbit/s</li></xsl:if>
<xsl:if test="oldest"><li><xsl:value-of select="oldest"/> to <xsl:value-of select="newest"/></li></xsl:if>
<li><xsl:value-of select="ranges"/> <xsl:choose><xsl:when test="ranges = 1"> range</xsl:when><xsl:otherwise> ranges</xsl:otherwise></xsl:choose></li>
<xsl:if test="where"><li><xsl:call-template name="places"/></li></xsl:if>
</ul>
<ul class="nav"><li><a href="archive.xsl?mount={$path}">Listen and download</a></li></ul>
</article>
</xsl:template>

<!-- One day of a mount. -->
<xsl:template match="source" mode="day">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<section class="roundbox">
<h3 class="mount">Mountpoint <xsl:value-of select="@mount"/></h3>
<ul class="facts"><xsl:if test="size"><li><xsl:value-of select="size"/></li></xsl:if>
<xsl:if test="bitrate"><li><xsl:value-of select="bitrate"/> kbit/s</li></xsl:if>
<xsl:if test="oldest"><li><xsl:value-of select="oldest"/> to <xsl:value-of select="newest"/></li></xsl:if>
<xsl:if test="where"><li><xsl:call-template name="places"/></li></xsl:if></ul>
<xsl:if test="day"><nav aria-label="Days"><ul class="nav days">
<xsl:for-each select="day"><li><xsl:if test="current"><xsl:attribute name="class">active</xsl:attribute></xsl:if><a href="archive.xsl?mount={$path}&amp;day={@name}"><xsl:if test="current"><xsl:attribute name="aria-current">page</xsl:attribute></xsl:if><xsl:value-of select="@name"/></a></li></xsl:for-each>
</ul></nav></xsl:if>
<xsl:if test="range">
<svg xmlns="http://www.w3.org/2000/svg" class="daybar" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label="{count(range)} recorded parts of the day">
<rect class="none" x="0" y="0" width="1000" height="24"/>
<xsl:for-each select="range"><rect class="held" x="{x}" y="0" width="{width}" height="24"/></xsl:for-each>
<xsl:for-each select="play"><rect class="now" x="{x}" y="0" width="{width}" height="24"/></xsl:for-each>
</svg>
</xsl:if>
<xsl:for-each select="play">
<div class="audioplayer" id="player">
<p class="playing"><xsl:call-template name="what"/></p>
<audio controls="controls" preload="metadata" src="{$path}?from={from}&amp;to={to}" aria-label="Recording from {begin} to {end}"></audio>
</div>
</xsl:for-each>
</section>
<h2>Recorded on <xsl:value-of select="date"/><xsl:text> </xsl:text><small class="about">(<xsl:value-of select="zone"/>)</small></h2>
<div class="roundbox">
<xsl:choose>
<xsl:when test="range">
<table class="colortable">
<thead><tr><th scope="col">Time</th><th scope="col">Length</th><th scope="col">Size</th><xsl:if test="range/where"><th scope="col">Where</th></xsl:if><th scope="col">Action</th></tr></thead>
<tbody>
<xsl:for-each select="range">
<tr>
<td data-label="Time" class="short"><span><time datetime="{when}"><xsl:value-of select="begin"/></time> to <xsl:value-of select="end"/></span></td>
<td data-label="Length" class="short"><xsl:call-template name="duration"><xsl:with-param name="seconds" select="seconds"/></xsl:call-template></td>
<td data-label="Size" class="short"><xsl:value-of select="size"/></td>
<xsl:if test="where"><td data-label="Where" class="short"><xsl:call-template name="places"/></td></xsl:if>
<td class="action"><xsl:call-template name="actions"><xsl:with-param name="path" select="$path"/></xsl:call-template>
<xsl:if test="not(where) or where = 'here'"><details class="confirm danger"><summary aria-label="Delete {begin} to {end}">Delete</summary>
<form class="sure" method="post" action="archive.xsl"><p><input type="hidden" name="mount" value="{../@mount}"/><input type="hidden" name="day" value="{../date}"/><input type="hidden" name="from" value="{from}"/><input type="hidden" name="to" value="{to}"/><input type="hidden" name="action" value="delete"/>Delete <xsl:value-of select="begin"/> to <xsl:value-of select="end"/>? <button type="submit">Delete</button></p></form>
</details></xsl:if></td>
</tr>
</xsl:for-each>
</tbody>
</table>
</xsl:when>
<xsl:otherwise><p class="about">Nothing is recorded of this day.</p></xsl:otherwise>
</xsl:choose>
</div>
<xsl:if test="programme">
<h2>Programmes</h2>
<div class="roundbox">
<table class="colortable">
<thead><tr><th scope="col">Time</th><th scope="col">Title</th><th scope="col">Length</th><th scope="col">Action</th></tr></thead>
<tbody>
<xsl:for-each select="programme">
<tr>
<td data-label="Time" class="short"><time datetime="{when}"><xsl:value-of select="begin"/></time></td>
<td data-label="Title"><xsl:value-of select="title"/></td>
<td data-label="Length" class="short"><xsl:call-template name="duration"><xsl:with-param name="seconds" select="seconds"/></xsl:call-template></td>
<td class="action"><xsl:call-template name="actions"><xsl:with-param name="path" select="$path"/></xsl:call-template></td>
</tr>
</xsl:for-each>
</tbody>
</table>
</div>
</xsl:if>
</xsl:template>

<!-- What can be done with a part of a day. -->
<xsl:template name="actions">
<xsl:param name="path"/>
<xsl:variable name="words"><xsl:call-template name="what"/></xsl:variable>
<xsl:variable name="title"><xsl:if test="title">&amp;title=<xsl:call-template name="encoded"><xsl:with-param name="text" select="title"/></xsl:call-template></xsl:if></xsl:variable>
<ul class="nav">
<li><a href="archive.xsl?mount={$path}&amp;day={../date}&amp;play={from}-{to}{$title}#player" aria-label="Play {$words}">Play</a></li>
<li><a href="{$path}?from={from}&amp;to={to}&amp;download=1" aria-label="Download {$words}" download="download">Download</a></li>
</ul>
</xsl:template>

<!-- Where it is recorded: "this server, edge2". -->
<xsl:template name="places">
<xsl:for-each select="where"><xsl:if test="position() &gt; 1">, </xsl:if><xsl:choose><xsl:when test=". = 'here'">this server</xsl:when><xsl:otherwise><xsl:value-of select="."/></xsl:otherwise></xsl:choose></xsl:for-each>
</xsl:template>

<!-- "Title, 20:00:00 to 21:00:00". -->
<xsl:template name="what">
<xsl:if test="string(title)"><xsl:value-of select="title"/>, </xsl:if><xsl:value-of select="begin"/> to <xsl:value-of select="end"/>
</xsl:template>

<!-- A name as it stands in a URL. -->
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
