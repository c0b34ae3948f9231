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
<h1 id="header">Icecast2 Status</h1>
<div id="menu"><ul>
<li class="active"><a href="/status.xsl">Server Status</a></li>
<li><a href="/server_version.xsl">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></div>
</div>
<xsl:if test="not(source)"><div class="roundbox empty"><p>No stream is on the air just now.</p></div></xsl:if>
<xsl:for-each select="source">
<xsl:variable name="path"><xsl:call-template name="encoded"/></xsl:variable>
<xsl:choose>
<xsl:when test="listeners">
<div class="roundbox">
<div class="mounthead">
<h3 class="mount"><small>Mount Point <xsl:value-of select="@mount"/></small><xsl:choose>
<xsl:when test="string(server_name)"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise>
</xsl:choose></h3>
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
<xsl:if test="not(authenticator)">
<xsl:choose>
<xsl:when test="starts-with(server_type, 'video/')"><div class="audioplayer"><video controls="controls" preload="none" src="{$path}"></video></div></xsl:when>
<xsl:when test="starts-with(server_type, 'audio/') or server_type = 'application/ogg'"><div class="audioplayer"><audio controls="controls" preload="none" src="{$path}"></audio></div></xsl:when>
</xsl:choose>
</xsl:if>
<table class="yellowkeys"><tbody>
<tr class="playing"><td>Currently playing:</td><td class="streamstats"><xsl:if test="string(artist)"><xsl:value-of select="artist"/> - </xsl:if><xsl:value-of select="title"/></td></tr>
<xsl:if test="server_description"><tr><td>Stream Description:</td><td><xsl:value-of select="server_description"/></td></tr></xsl:if>
<xsl:if test="listeners"><tr><td>Listeners (current):</td><td class="streamstats"><xsl:value-of select="listeners"/></td></tr></xsl:if>
<xsl:if test="listener_peak"><tr><td>Listeners (peak):</td><td class="streamstats"><xsl:value-of select="listener_peak"/></td></tr></xsl:if>
<xsl:if test="server_type"><tr><td>Content Type:</td><td><xsl:value-of select="server_type"/></td></tr></xsl:if>
<xsl:if test="bitrate"><tr><td>Bitrate:</td><td class="streamstats"><xsl:value-of select="bitrate"/></td></tr></xsl:if>
<xsl:if test="quality"><tr><td>Quality:</td><td class="streamstats"><xsl:value-of select="quality"/></td></tr></xsl:if>
<xsl:if test="video_quality"><tr><td>Video Quality:</td><td class="streamstats"><xsl:value-of select="video_quality"/></td></tr></xsl:if>
<xsl:if test="frame_size"><tr><td>Framesize:</td><td class="streamstats"><xsl:value-of select="frame_size"/></td></tr></xsl:if>
<xsl:if test="frame_rate"><tr><td>Framerate:</td><td class="streamstats"><xsl:value-of select="frame_rate"/></td></tr></xsl:if>
<xsl:if test="genre"><tr><td>Genre:</td><td class="streamstats"><xsl:value-of select="genre"/></td></tr></xsl:if>
<xsl:if test="stream_start"><tr><td>Stream started:</td><td class="streamstats"><xsl:value-of select="stream_start"/></td></tr></xsl:if>
<xsl:if test="starts-with(server_url, 'http://') or starts-with(server_url, 'https://')"><tr><td>Stream URL:</td><td class="streamstats"><a href="{server_url}" rel="noopener noreferrer"><xsl:value-of select="server_url"/></a></td></tr></xsl:if>
<xsl:if test="listenurl"><tr><td>Listen URL:</td><td class="streamstats"><code><xsl:value-of select="listenurl"/></code></td></tr></xsl:if>
</tbody></table>
</div>
</xsl:when>
<xsl:otherwise><div class="roundbox empty"><h3 class="mount"><xsl:value-of select="@mount"/> - Not Connected</h3></div></xsl:otherwise>
</xsl:choose>
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
