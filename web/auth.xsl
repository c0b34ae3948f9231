<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
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
<li><a href="/status.xsl">Server Status</a></li>
<li><a href="/server_version.xsl">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></div>
</div>
<h2>Authorization Page</h2>
<p class="hint">These streams ask for a name and a password. You get a playlist file that holds both: keep it to yourself.</p>
<xsl:if test="not(source[authenticator])"><div class="roundbox empty"><p>No stream asks for a password just now.</p></div></xsl:if>
<xsl:for-each select="source[authenticator]">
<div class="roundbox">
<h3 class="mount"><small>Mount Point <xsl:value-of select="@mount"/></small><xsl:choose>
<xsl:when test="string(server_name)"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise>
</xsl:choose></h3>
<form class="alignedform" method="post" action="/admin/buildm3u">
<p><label>Username<input name="username" type="text" autocomplete="username" required="required"/></label></p>
<p><label>Password<input name="password" type="password" autocomplete="current-password" required="required"/></label></p>
<p><input type="hidden" name="mount" value="{@mount}"/><button type="submit">Login</button></p>
</form>
</div>
</xsl:for-each>
</body>
</html>
</xsl:template>
</xsl:stylesheet>
